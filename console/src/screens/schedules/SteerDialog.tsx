import { Button, Dialog, Field, Input, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { ifMatch } from '~/app/TwoKeys.tsx';
import type { Schedule } from './queries.ts';
import { useScheduleWords } from './words.ts';

export type Verb = 'pause' | 'backfill' | 'remove';

const reasonMax = 200;

/** A time as a person wrote it on his own clock; null while it is none. */
const instantOf = (written: string) => {
  const at = new Date(written);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
};

/** What changes a schedule for longer than one run, each behind a question. */
export const SteerDialog = ({ verb, schedule, onClose, onRemoved }: { verb: Verb; schedule: Schedule; onClose: () => void; onRemoved: () => void }) => {
  const say = useScheduleWords();
  const toast = useToast();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [span, setSpan] = useState({ from: '', to: '' });
  const [key] = useState(newKey);
  const [from, to] = [instantOf(span.from), instantOf(span.to)];
  const params = { path: { id: schedule.id }, header: { 'Idempotency-Key': key } };
  const act = useMutation({
    mutationFn: async (): Promise<string> => {
      if (verb === 'pause') {
        await api.POST('/v1/schedules/{id}/pause', { params, body: { reason: reason.trim() || null } });
        return say('pausedNow');
      }
      if (verb === 'remove') {
        await api.DELETE('/v1/schedules/{id}', { params, headers: ifMatch(schedule.version) });
        return say('removed');
      }
      const { added, times } = await bodyOf(api.POST('/v1/schedules/{id}/backfill', { params, body: { from: from!, to: to! } }));
      return say('backfilled', { added, times });
    },
    onSuccess: (title) => {
      toast({ tone: 'ok', title });
      onClose();
      if (verb === 'remove') onRemoved();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['schedules'], predicate: (query) => verb !== 'remove' || query.queryKey[2] !== schedule.id }),
  });
  const path = `/v1/schedules/${schedule.id}`;
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say(`${verb}Title`)} hint={say(`${verb}Text`)}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); act.mutate(); }}>
        {verb === 'pause' ? <Field label={say('reason')}>{(parts) => <Input {...parts} value={reason} onChange={(event) => setReason(event.target.value)} maxLength={reasonMax} />}</Field> : null}
        {verb === 'backfill' ? <div className="grid gap-3 sm:grid-cols-2">{(['from', 'to'] as const).map((side) => <Field key={side} label={say(side)} hint={say('yours')}>{(parts) => <Input {...parts} type="datetime-local" required value={span[side]} onChange={(event) => setSpan((old) => ({ ...old, [side]: event.target.value }))} />}</Field>)}</div> : null}
        <FailureLine cause={act.error} />
        <div className="flex flex-wrap items-center gap-2">
          <Button look={verb === 'remove' ? 'danger' : 'primary'} type="submit" busy={act.isPending} disabled={verb === 'backfill' && (from === null || to === null)}>{say(`${verb}Now`)}</Button>
          {verb === 'remove' ? <CopyRequest method="DELETE" path={path} cli={`soma schedule delete ${schedule.id}`} /> : <CopyRequest method="POST" path={`${path}/${verb}`} body={verb === 'pause' ? { reason } : { from, to }} cli={verb === 'pause' ? `soma schedule pause ${schedule.id}` : `soma schedule backfill ${schedule.id} --from ${from ?? 'FROM'} --to ${to ?? 'TO'}`} />}
        </div>
      </form>
    </Dialog>
  );
};
