import { Button, Dialog, Field, Input, Select, TextArea, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import type { RunDetail } from './queries.ts';
import { useRunWords } from './words.ts';

export type Steer = { verb: 'signal'; name: string } | { verb: 'cancel' } | { verb: 'fork'; step: string };

type Props = { run: RunDetail; onClose: () => void };

const signalMax = 200;
const reasonMax = 1000;

/** JSON that a person wrote: `undefined` is nothing, `null` as an answer is no JSON. */
const readJson = (text: string): { value: unknown } | null => {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
};

const useSteer = (id: string, act: (key: string) => Promise<unknown>, done: string, onClose: () => void) => {
  const toast = useToast();
  const client = useQueryClient();
  // One intention has one key, so that trying again after a lost answer does not act twice.
  const [key] = useState(newKey);
  return useMutation({
    mutationFn: () => act(key),
    onSuccess: () => {
      toast({ tone: 'ok', title: done });
      onClose();
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['workflows', 'run', id] }), client.invalidateQueries({ queryKey: ['workflows', 'list'] })]),
  });
};

const Signal = ({ run, name: first, onClose }: Props & { name: string }) => {
  const say = useRunWords();
  const [name, setName] = useState(first);
  const [data, setData] = useState('');
  const read = readJson(data);
  const body = { name, ...(read?.value === undefined ? {} : { data: read.value }) };
  const send = useSteer(run.run_id, (key) => api.POST('/v1/mao/{id}/signal', { params: { path: { id: run.run_id }, header: { 'Idempotency-Key': key } }, body: body as never }), say('sent'), onClose);
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('signalTitle')} hint={say('signalText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); send.mutate(); }}>
        <Field label={say('signalName')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} required maxLength={signalMax} className="font-mono text-sm" />}</Field>
        <Field label={say('data')} error={read ? undefined : say('dataBad')}>{(parts) => <TextArea {...parts} value={data} onChange={(event) => setData(event.target.value)} spellCheck={false} className="font-mono text-sm" />}</Field>
        <FailureLine cause={send.error} />
        <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={send.isPending} disabled={!read}>{say('send')}</Button><CopyRequest method="POST" path={`/v1/mao/${run.run_id}/signal`} body={body} cli={`soma workflow signal ${run.run_id} ${name}${read?.value === undefined ? '' : ` --json-data '${JSON.stringify(read.value).replaceAll("'", "'\\''")}'`}`} /></div>
      </form>
    </Dialog>
  );
};

const Cancel = ({ run, onClose }: Props) => {
  const say = useRunWords();
  const [reason, setReason] = useState('');
  const cancel = useSteer(run.run_id, (key) => api.POST('/v1/mao/{id}/cancel', { params: { path: { id: run.run_id }, header: { 'Idempotency-Key': key } }, body: { reason: reason.trim() || null } }), say('cancelSent'), onClose);
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('cancelTitle')} hint={say('cancelText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); cancel.mutate(); }}>
        <Field label={say('reason')}>{(parts) => <Input {...parts} value={reason} onChange={(event) => setReason(event.target.value)} maxLength={reasonMax} />}</Field>
        <FailureLine cause={cancel.error} />
        <div className="flex flex-wrap items-center gap-2"><Button look="danger" type="submit" busy={cancel.isPending}>{say('cancelNow')}</Button><CopyRequest method="POST" path={`/v1/mao/${run.run_id}/cancel`} body={{ reason }} cli={`soma workflow cancel ${run.run_id}`} /></div>
      </form>
    </Dialog>
  );
};

const Fork = ({ run, step: first, onClose, onForked }: Props & { step: string; onForked: (id: string) => void }) => {
  const say = useRunWords();
  const own = JSON.stringify(run.inputs, null, 2);
  const [step, setStep] = useState(first || (run.steps.find((one) => one.status === 'failed') ?? run.steps[0])?.path || '');
  const [inputs, setInputs] = useState(own);
  const read = readJson(inputs);
  const body = { from_step: step, ...(inputs === own || read?.value === undefined ? {} : { inputs: read.value }) };
  const fork = useSteer(
    run.run_id,
    async (key) => {
      const begun = await bodyOf(api.POST('/v1/mao/{id}/fork', { params: { path: { id: run.run_id }, header: { 'Idempotency-Key': key } }, body: body as never }));
      onForked(begun.run_id);
    },
    say('forked'),
    onClose,
  );
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('forkTitle')} hint={say('forkText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); fork.mutate(); }}>
        <Field label={say('fromStep')}>{(parts) => <Select {...parts} value={step} onChange={(event) => setStep(event.target.value)}>{run.steps.map((one) => <option key={one.path}>{one.path}</option>)}</Select>}</Field>
        <Field label={say('inputsJson')} error={read ? undefined : say('dataBad')}>{(parts) => <TextArea {...parts} value={inputs} onChange={(event) => setInputs(event.target.value)} spellCheck={false} className="min-h-32 font-mono text-sm" />}</Field>
        <FailureLine cause={fork.error} />
        <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={fork.isPending} disabled={!read}>{say('forkNow')}</Button><CopyRequest method="POST" path={`/v1/mao/${run.run_id}/fork`} body={body} cli={`soma workflow fork ${run.run_id} --from ${step}`} /></div>
      </form>
    </Dialog>
  );
};

/** What a person may do to a run, each behind a question that says what it does. */
export const Steering = ({ steer, onForked, ...rest }: Props & { steer: Steer; onForked: (id: string) => void }) => {
  if (steer.verb === 'signal') return <Signal {...rest} name={steer.name} />;
  return steer.verb === 'cancel' ? <Cancel {...rest} /> : <Fork {...rest} step={steer.step} onForked={onForked} />;
};

/** A failed run goes on from the steps that failed. */
export const Retry = ({ run }: { run: RunDetail }) => {
  const say = useRunWords();
  const toast = useToast();
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: (key: string) => api.POST('/v1/mao/{id}/retry', { params: { path: { id: run.run_id }, header: { 'Idempotency-Key': key } } }),
    onSuccess: () => toast({ tone: 'ok', title: say('retried') }),
    onSettled: () => client.invalidateQueries({ queryKey: ['workflows', 'run', run.run_id] }),
  });
  return <><Button size="sm" look="primary" busy={retry.isPending} onClick={() => retry.mutate(newKey())}>{say('retry')}</Button><FailureLine cause={retry.error} /></>;
};
