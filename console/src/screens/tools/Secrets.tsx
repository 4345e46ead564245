import { Button, Card, CardBody, Field, Input, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { relativeTime } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import type { AdapterView } from './queries.ts';
import { useToolWords } from './words.ts';

/** Names of what the tool is given; a value goes in and never comes out. */
export const Secrets = ({ view, manages }: { view: AdapterView; manages: boolean }) => {
  const say = useToolWords();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const { id } = view.adapter;
  const [form, setForm] = useState({ name: '', value: '' });
  const reread = () => client.invalidateQueries({ queryKey: ['tools', 'adapter', id] });
  const bind = useMutation({
    mutationFn: () => api.PUT('/v1/adapters/{id}/secrets/{name}', { params: { path: { id, name: form.name.trim() } }, body: { value: form.value } }),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('bound') });
      setForm({ name: '', value: '' });
    },
    onSettled: reread,
  });
  const unbind = useMutation({ mutationFn: (name: string) => api.DELETE('/v1/adapters/{id}/secrets/{name}', { params: { path: { id, name }, header: { 'Idempotency-Key': newKey() } } }), onSettled: reread });
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5 max-sm:p-3">
      <Card title={say('secrets')} hint={say('secretsHint')}>
        {view.secrets.length === 0 ? <CardBody className="text-sm text-muted">{say('noSecrets')}</CardBody> : <ul aria-label={say('secrets')} className="flex flex-col divide-y divide-line">{view.secrets.map((one) => <li key={one.name} className="flex flex-wrap items-center gap-3 px-4 py-2"><code className="font-mono text-sm">{one.name}</code><span className="text-sm text-muted">{say('setBy', { who: one.set_by, when: relativeTime(new Date(one.set_at), lang) })}</span>{manages ? <Button size="sm" className="ms-auto" aria-label={`${say('unbind')}: ${one.name}`} busy={unbind.isPending && unbind.variables === one.name} onClick={() => unbind.mutate(one.name)}>{say('unbind')}</Button> : null}</li>)}</ul>}
        <FailureLine cause={unbind.error} />
      </Card>
      {manages ? (
        <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); bind.mutate(); }}>
          <div className="grid gap-3 sm:grid-cols-2">
            <Field label={say('secretName')}>{(parts) => <Input {...parts} value={form.name} onChange={(event) => setForm((old) => ({ ...old, name: event.target.value }))} required className="font-mono text-sm" autoComplete="off" />}</Field>
            <Field label={say('secretValue')}>{(parts) => <Input {...parts} type="password" value={form.value} onChange={(event) => setForm((old) => ({ ...old, value: event.target.value }))} required autoComplete="new-password" />}</Field>
          </div>
          <FailureLine cause={bind.error} />
          <Button type="submit" className="self-start" busy={bind.isPending}>{say('bind')}</Button>
        </form>
      ) : <p className="text-sm text-muted">{say('needsManage')} <code className="font-mono">tool:manage</code></p>}
    </div>
  );
};
