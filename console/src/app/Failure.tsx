import { Badge, Button, CopyButton, EmptyState } from '@somastack/uix';
import { Link } from '@tanstack/react-router';
import { CloudOff, Compass, Lock, OctagonAlert } from 'lucide-react';
import { ProblemError, UnreachableError } from '~/api/problem.ts';
import { useCommon } from '~/i18n/common.ts';

export const Forbidden = ({ capability, tenant }: { capability: string; tenant: string }) => {
  const say = useCommon();
  return (
    <EmptyState page icon={<Lock />} title={say('forbiddenTitle')} action={<Link to="/" className="underline">{say('goHome')}</Link>}>
      <p>{say('forbiddenNeeds')} <code className="rounded bg-sunken px-1 font-mono text-sm">{capability}</code>, {say('forbiddenAsk', { tenant })}</p>
    </EmptyState>
  );
};

export const NotFound = () => {
  const say = useCommon();
  return <EmptyState page icon={<Compass />} title={say('notFoundTitle')} action={<Link to="/" className="underline">{say('goHome')}</Link>}>{say('notFoundText')}</EmptyState>;
};

/** What went wrong, what to do about it, and the trace to hand on. */
export const Failure = ({ cause, onRetry, compact = false }: { cause: unknown; onRetry?: () => void; compact?: boolean }) => {
  const say = useCommon();
  const retry = onRetry ? <Button size="sm" onClick={onRetry}>{say('retry')}</Button> : null;
  if (cause instanceof UnreachableError) return <EmptyState icon={<CloudOff />} title={say('offlineTitle')} action={retry} className={compact ? 'py-6' : undefined}>{say('offlineText')}</EmptyState>;
  if (!(cause instanceof ProblemError)) return <EmptyState icon={<OctagonAlert />} title={say('failedTitle')} action={retry} className={compact ? 'py-6' : undefined}>{cause instanceof Error ? cause.message : String(cause)}</EmptyState>;
  const { problem, capability, reasons, retryAfterSeconds } = cause;
  return (
    <EmptyState icon={capability ? <Lock /> : <OctagonAlert />} title={problem.title} className={compact ? 'py-6' : undefined}
      action={<>{retry}{problem.trace_id ? <CopyButton value={problem.trace_id} label={say('copyTrace')} /> : null}</>}>
      <p>{problem.detail}</p>
      {reasons.length > 0 ? <ul className="mt-1">{reasons.map((reason) => <li key={reason.code}><code className="font-mono text-sm">{reason.code}</code> {reason.message}{reason.remedy ? ` ${reason.remedy}` : null}</li>)}</ul> : null}
      <p className="mt-1">{problem.remedy}{retryAfterSeconds ? ` ${say('retryAfter', { seconds: retryAfterSeconds })}` : null}</p>
      <p className="mt-2 flex flex-wrap justify-center gap-1.5"><Badge tone="bad">{problem.code}</Badge>{capability ? <Badge>{capability}</Badge> : null}</p>
    </EmptyState>
  );
};

/** The same in one line, beside the button that was pressed. */
export const FailureLine = ({ cause }: { cause: unknown }) => {
  const say = useCommon();
  if (!cause) return null;
  const text = cause instanceof ProblemError ? `${cause.problem.detail} ${cause.problem.remedy}` : cause instanceof UnreachableError ? say('offlineTitle') : cause instanceof Error ? cause.message : String(cause);
  return (
    <p role="alert" className="text-sm text-bad">
      {text} {cause instanceof ProblemError ? <code className="font-mono text-xs">{cause.code}{cause.capability ? ` · ${cause.capability}` : ''} · {cause.problem.trace_id.slice(0, 8)}</code> : null}
    </p>
  );
};
