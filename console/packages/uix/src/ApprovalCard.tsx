import { Check, CircleDashed, ShieldCheck, UserRoundCheck, X } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { Badge } from './Badge.tsx';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { TextArea } from './Field.tsx';
import { JsonView } from './JsonView.tsx';
import { fill, useText } from './text.tsx';

export type KeyState = 'waiting' | 'given' | 'refused';

export type Approval = {
  id: string;
  title: string;
  kind: string;
  requester: string;
  resource?: string;
  reasons: readonly { code: string; message: string }[];
  args: unknown;
  needs: readonly string[];
  stepUp: boolean;
  digest: string;
  expires: string;
  isOpen: boolean;
  isOwn: boolean;
  policyKey: KeyState;
  personKey: KeyState;
  decider?: string | null;
  comment?: string | null;
};

const KeyLine = ({ icon, label, who, state }: { icon: ReactNode; label: string; who?: string | null; state: KeyState }) => {
  const text = useText();
  const word = { waiting: text.keyOpen, given: text.keyTurned, refused: text.keyRefused }[state];
  return (
    <li className="flex items-center gap-2 rounded-md border border-line bg-sunken px-2.5 py-1.5 text-sm">
      <span aria-hidden className="text-muted [&_svg]:size-4">{icon}</span>
      <span className="font-medium">{label}</span>
      <span className={cn('ms-auto inline-flex items-center gap-1', state === 'given' && 'text-ok', state === 'refused' && 'text-bad', state === 'waiting' && 'text-muted')}>
        {state === 'given' ? <Check aria-hidden className="size-3.5" /> : state === 'refused' ? <X aria-hidden className="size-3.5" /> : <CircleDashed aria-hidden className="size-3.5" />}
        {who ? `${who}: ${word}` : word}
      </span>
    </li>
  );
};

/**
 * One exact action that waits for a second person. The order is that of the questions people ask: what, who, why, exactly what, until when.
 * Enter never approves: the buttons are pressed on purpose.
 */
export const ApprovalCard = ({ approval, onDecide, busy = null, extra, className }: {
  approval: Approval;
  onDecide?: (decision: 'approve' | 'reject', comment: string) => void;
  busy?: 'approve' | 'reject' | null;
  extra?: ReactNode;
  className?: string;
}) => {
  const text = useText();
  const id = useId();
  const [comment, setComment] = useState('');
  const [missing, setMissing] = useState(false);
  const decide = (decision: 'approve' | 'reject') => {
    // A no without a reason helps nobody; a yes may be silent.
    if (decision === 'reject' && comment.trim() === '') return setMissing(true);
    setMissing(false);
    onDecide?.(decision, comment.trim());
  };
  return (
    <article aria-labelledby={`${id}-title`} className={cn('@container rounded-lg border border-line bg-surface shadow-card', approval.isOpen && 'border-s-4 border-s-warn', className)}>
      <div className="flex flex-col gap-3 p-4">
        <div>
          <div className="flex flex-wrap items-center gap-2">
            <Badge tone={approval.isOpen ? 'warn' : approval.personKey === 'given' ? 'ok' : 'neutral'}>{approval.kind}</Badge>
            <span className="text-sm text-muted">{approval.expires}</span>
          </div>
          <h2 id={`${id}-title`} className="mt-1.5 text-lg font-semibold break-words">{approval.title}</h2>
          <p className="text-sm text-muted"><strong className="font-medium text-text">{approval.requester}</strong>{approval.resource ? <> · <span className="font-mono">{approval.resource}</span></> : null}</p>
        </div>
        {approval.reasons.length > 0 ? (
          <div>
            <h3 className="text-sm font-medium">{text.reasons}</h3>
            <ul className="mt-1 flex flex-col gap-1 text-sm">
              {approval.reasons.map((reason) => <li key={reason.code}><code className="rounded bg-sunken px-1 font-mono text-xs">{reason.code}</code> {reason.message}</li>)}
            </ul>
          </div>
        ) : null}
        <details open={approval.isOpen} className="text-sm">
          <summary className="font-medium">{text.exactArguments}</summary>
          <JsonView value={approval.args} label={text.exactArguments} className="mt-1.5 max-h-64" />
        </details>
        <ul className="grid gap-2 @md:grid-cols-2">
          <KeyLine icon={<ShieldCheck />} label={text.keyPolicy} state={approval.policyKey} />
          <KeyLine icon={<UserRoundCheck />} label={text.keyPerson} who={approval.decider} state={approval.personKey} />
        </ul>
        <p className="text-xs text-muted">
          {text.needs}: {approval.needs.map((need) => <code key={need} className="me-1 font-mono">{need}</code>)}{approval.stepUp ? `+ ${text.secondFactor}` : null}
          <span className="block truncate" title={approval.digest}>{text.digest}: <code className="font-mono">{approval.digest}</code></span>
        </p>
        {approval.comment ? <blockquote className="border-s-2 border-line ps-3 text-sm">{approval.comment}</blockquote> : null}
        {extra}
        {approval.isOpen && approval.isOwn ? <p className="text-sm text-muted">{text.ownRequest}</p> : null}
        {approval.isOpen && !approval.isOwn && onDecide ? (
          <div className="flex flex-col gap-2 border-t border-line pt-3">
            <label htmlFor={`${id}-why`} className="text-sm font-medium">{text.why}</label>
            <TextArea id={`${id}-why`} value={comment} maxLength={1000} onChange={(event) => setComment(event.target.value)} placeholder={text.whyPlaceholder} aria-invalid={missing || undefined} aria-describedby={missing ? `${id}-missing` : undefined} className="min-h-16" />
            {missing ? <p id={`${id}-missing`} role="alert" className="text-sm text-bad">{text.whyNeeded}</p> : null}
            <div className="flex flex-wrap gap-2">
              <Button look="primary" busy={busy === 'approve'} disabled={busy !== null} onClick={() => decide('approve')} data-decide="approve" aria-keyshortcuts="a">{text.approve}</Button>
              <Button look="danger" busy={busy === 'reject'} disabled={busy !== null} onClick={() => decide('reject')} data-decide="reject" aria-keyshortcuts="r">{text.reject}</Button>
            </div>
          </div>
        ) : null}
      </div>
    </article>
  );
};

/** Who asks, for lists and trays. */
export const asksFor = (template: string, who: string) => fill(template, { who });
