import { Banner, Button, Dialog, Field, Input, Select, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { filterOf, hasFilter, type ForgetForm } from './forget.ts';
import { memoryKinds } from './screen.ts';
import { useMemoryWords } from './words.ts';

/** Counts what a filter names, and erases exactly that after the word was typed. Changing a filter asks to count again. */
export const ForgetDialog = ({ namespace, onClose }: { namespace: string | undefined; onClose: () => void }) => {
  const say = useMemoryWords();
  const number = useNumbers();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [form, setForm] = useState<ForgetForm>({ namespace: namespace ?? '' });
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const body = { filter: filterOf(form), reason: reason.trim() };
  const count = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/memory/forget', { params: { header: { 'Idempotency-Key': newKey() } }, body: { ...body, dry_run: true } })) });
  const forget = useMutation({
    mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/memory/forget', { params: { header: { 'Idempotency-Key': newKey() } }, body: { ...body, dry_run: false } }))),
    onSuccess: (answer) => {
      toast({ tone: 'ok', title: say('forgot', { n: number.whole(answer.forgotten) }) });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['memory'] }),
  });
  const set = (change: Partial<ForgetForm>) => {
    setForm((old) => ({ ...old, ...change }));
    setTyped('');
    count.reset();
  };
  const found = count.data;
  const free = found ? found.matched - found.held : 0;
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('forget')} hint={say('forgetText')} className="max-w-2xl">
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); if (found) forget.mutate(); else count.mutate(); }}>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={say('namespace')}>{(parts) => <Input {...parts} value={form.namespace ?? ''} onChange={(event) => set({ namespace: event.target.value })} />}</Field>
          <Field label={say('kind')}>{(parts) => <Select {...parts} value={form.kind ?? ''} onChange={(event) => set({ kind: event.target.value })}><option value="">{say('anyKind')}</option>{memoryKinds.map((one) => <option key={one}>{one}</option>)}</Select>}</Field>
          <Field label={say('source')}>{(parts) => <Input {...parts} value={form.source ?? ''} onChange={(event) => set({ source: event.target.value })} />}</Field>
          <Field label={say('tags')}>{(parts) => <Input {...parts} value={form.tags ?? ''} onChange={(event) => set({ tags: event.target.value })} />}</Field>
          <Field label={say('after')}>{(parts) => <Input {...parts} type="datetime-local" value={form.after ?? ''} onChange={(event) => set({ after: event.target.value })} />}</Field>
          <Field label={say('before')}>{(parts) => <Input {...parts} type="datetime-local" value={form.before ?? ''} onChange={(event) => set({ before: event.target.value })} />}</Field>
        </div>
        <Field label={say('reason')} hint={say('needReason')}>{(parts) => <Input {...parts} value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={500} />}</Field>
        {found ? <Banner tone={free > 0 ? 'warn' : 'info'} title={say('counted', { matched: number.whole(found.matched), held: number.whole(found.held) })} /> : hasFilter(form) ? null : <p className="text-sm text-muted">{say('needFilter')}</p>}
        {found && free > 0 ? <Field label={say('typeWord', { word: say('word') })}>{(parts) => <Input {...parts} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" className="max-w-48" />}</Field> : null}
        <FailureLine cause={count.error ?? forget.error} />
        <div className="flex items-center gap-2">
          {found ? <Button look="danger" type="submit" busy={forget.isPending} disabled={free === 0 || typed !== say('word')}>{say('forgetNow', { n: number.whole(free) })}</Button> : <Button look="primary" type="submit" busy={count.isPending} disabled={!hasFilter(form) || reason.trim() === ''}>{say('count')}</Button>}
          <CopyRequest method="POST" path="/v1/memory/forget" body={{ ...body, dry_run: true }} />
        </div>
      </form>
    </Dialog>
  );
};
