import { Badge, Banner, Button, Field, StatusLed, TextArea, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import type { Schemas } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { killSwitchQuery, meQuery, openApprovalsQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useLanguage } from '~/i18n/words.ts';
import { approvalQuery } from '../chat/queries.ts';
import { changeSwitch, type Scope } from './change.ts';
import { useStopWords } from './words.ts';

const pollMs = 2_000;

/** Releasing: asks for the second key, waits for it, and uses it. */
const Release = ({ scope, target }: { scope: Scope; target: string | null }) => {
  const say = useStopWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const formId = useId();
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState<string | null>(null);
  const approval = useQuery({ ...approvalQuery(asked ?? ''), enabled: asked !== null, refetchInterval: pollMs });
  const release = useMutation({
    mutationFn: () => stepUp(() => changeSwitch({ engaged: false, scope, target, reason: reason.trim(), approval: asked ?? undefined })),
    onSuccess: (waits) => {
      setAsked(waits);
      if (waits === null) toast({ tone: 'ok', title: say('releasedToast') });
    },
    onSettled: () => client.invalidateQueries({ queryKey: killSwitchQuery.queryKey }),
  });
  const state = approval.data?.approval.state;
  return (
    <form id={formId} className="flex flex-col gap-3 border-t border-line pt-3" onSubmit={(event) => { event.preventDefault(); release.mutate(); }}>
      <Field label={say('reason')} hint={say('releaseHint')}>{(parts) => <TextArea {...parts} value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={500} readOnly={asked !== null} className="min-h-16" />}</Field>
      {asked ? <Banner tone={state === 'approved' ? 'info' : 'warn'} title={state === 'approved' ? say('ready') : say('waiting')} action={<Link to="/inbox" search={{ id: asked, state: 'all' }} className="text-sm underline">{say('openApproval')}</Link>}>{state ? <Badge>{state}</Badge> : null}</Banner> : null}
      <FailureLine cause={release.error} />
      <Button look="primary" type="submit" busy={release.isPending} disabled={reason.trim() === '' || (asked !== null && state !== 'approved')} className="self-start">{asked ? say('askAgain') : say('release')}</Button>
    </form>
  );
};

/** One switch: its state, who changed it and why, and the way back. */
export const Switch = ({ label, state, mayChange }: { label: string; state: Schemas['KillSwitchAnswer']; mayChange: boolean }) => {
  const say = useStopWords();
  const lang = useLanguage();
  return (
    <div className="flex flex-col gap-3 p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="text-base font-semibold">{label}</h3>
        <StatusLed state={state.engaged ? 'down' : 'ok'} label={state.engaged ? say('engaged') : say('running')} />
        <span className="ms-auto text-sm text-muted">{state.changed_at && state.changed_by ? say('by', { who: state.changed_by, when: relativeTime(new Date(state.changed_at), lang) }) : say('never')}</span>
      </div>
      {state.engaged && state.reason ? <p className="break-words">{state.reason}</p> : null}
      {state.engaged && mayChange ? <Release key={`${state.scope} ${state.target ?? ''}`} scope={state.scope as Scope} target={state.target} /> : null}
    </div>
  );
};

const kindOfRelease = 'killswitch.release';

/** What others asked to let go on; it waits for one more person, who may be the reader. */
export const AskedReleases = () => {
  const say = useStopWords();
  const me = useSuspenseQuery(meQuery).data;
  const open = useQuery({ ...openApprovalsQuery, enabled: me.capabilities.includes('approval:decide') });
  const asked = open.data?.data.filter((one) => one.kind === kindOfRelease && one.requester !== me.principal) ?? [];
  return asked.map((one) => <Banner key={one.id} tone="warn" title={say('askedRelease', { who: one.requester })} action={<Link to="/inbox" search={{ id: one.id }} className="text-sm underline">{say('decide')}</Link>}>{one.summary}</Banner>);
};
