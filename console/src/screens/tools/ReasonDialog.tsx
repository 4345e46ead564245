import { Button, Dialog, Field, Input, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { useToolWords } from './words.ts';

const reasonMax = 500;

/** Something that takes a power away, with the reason that the journal keeps. */
export const ReasonDialog = ({ title, text, button, done, required, path, body, cli, act, onClose }: { title: string; text: string; button: string; done: string; required: boolean; path: string; body?: (reason: string) => unknown; cli?: (reason: string) => string; act: (reason: string, key: string) => Promise<unknown>; onClose: () => void }) => {
  const say = useToolWords();
  const toast = useToast();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [key] = useState(newKey);
  const run = useMutation({
    mutationFn: () => act(reason.trim(), key),
    onSuccess: () => {
      toast({ tone: 'ok', title: done });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['tools'] }),
  });
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={title} hint={text}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); run.mutate(); }}>
        <Field label={say('reason')}>{(parts) => <Input {...parts} value={reason} onChange={(event) => setReason(event.target.value)} required={required} maxLength={reasonMax} />}</Field>
        <FailureLine cause={run.error} />
        <div className="flex flex-wrap items-center gap-2"><Button look="danger" type="submit" busy={run.isPending}>{button}</Button><CopyRequest method="POST" path={path} body={body ? body(reason) : { reason }} cli={cli?.(reason)} /></div>
      </form>
    </Dialog>
  );
};
