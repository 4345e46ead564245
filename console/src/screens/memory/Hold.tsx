import { Button, Field, Input } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useMemoryWords } from './words.ts';

/** A legal hold keeps a memory from being erased and from expiring. */
export const Hold = ({ id, held }: { id: string; held: boolean }) => {
  const say = useMemoryWords();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const change = useMutation({
    mutationFn: () => stepUp(() => {
      const header = { 'Idempotency-Key': newKey() };
      return held ? api.DELETE('/v1/memory/{id}/hold', { params: { path: { id }, query: { reason }, header } }) : api.POST('/v1/memory/{id}/hold', { params: { path: { id }, header }, body: { reason } });
    }),
    onSuccess: () => setReason(''),
    onSettled: () => client.invalidateQueries({ queryKey: ['memory'] }),
  });
  return (
    <form className="flex flex-wrap items-end gap-2" onSubmit={(event) => { event.preventDefault(); change.mutate(); }}>
      <Field label={say('reason')} className="min-w-48 flex-1">{(parts) => <Input {...parts} value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={500} />}</Field>
      <Button type="submit" busy={change.isPending} disabled={reason.trim() === ''}>{held ? say('release') : say('hold')}</Button>
      <FailureLine cause={change.error} />
    </form>
  );
};
