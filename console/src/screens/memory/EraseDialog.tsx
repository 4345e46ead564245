import { Button, Dialog, Field, Input, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useMemoryWords } from './words.ts';

/** Erasing is for good, so the word is typed. */
export const EraseDialog = ({ id, onClose }: { id: string; onClose: () => void }) => {
  const say = useMemoryWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const [key] = useState(newKey);
  const erase = useMutation({
    mutationFn: () => stepUp(() => api.DELETE('/v1/memory/{id}', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('erased') });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['memory'] }),
  });
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('eraseTitle')} hint={say('eraseText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); erase.mutate(); }}>
        <Field label={say('typeWord', { word: say('word') })}>{(parts) => <Input {...parts} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" className="max-w-48" />}</Field>
        <FailureLine cause={erase.error} />
        <Button look="danger" type="submit" busy={erase.isPending} disabled={typed !== say('word')} className="self-start">{say('erase')}</Button>
      </form>
    </Dialog>
  );
};
