import { Badge, Banner, Button, Card, CardBody, Field, Input, TextArea, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { CodeEditor } from '~/app/editor/CodeEditor.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { approvalHeader, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { useToolWords } from './words.ts';

const algorithm = 'Ed25519';

const readManifest = (text: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
};

/** A draft from somebody's description of an API; reading it stores and fetches nothing. */
const ImportOpenApi = ({ onDraft }: { onDraft: (text: string) => void }) => {
  const say = useToolWords();
  const [form, setForm] = useState({ document: '', id: '', version: '', base_url: '' });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const body: Schemas['ImportRequest'] = { document: form.document, id: form.id.trim() || null, version: form.version.trim() || null, base_url: form.base_url.trim() || null };
  const draft = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/adapters/import/openapi', { body })), onSuccess: (answer) => onDraft(JSON.stringify(answer.manifest, null, 2)) });
  return (
    <Card title={say('importTitle')} hint={say('importHint')}>
      <CardBody>
        <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); draft.mutate(); }}>
          <Field label={say('document')}>{(parts) => <TextArea {...parts} value={form.document} onChange={(event) => set({ document: event.target.value })} required spellCheck={false} className="min-h-40 font-mono text-xs" />}</Field>
          <div className="grid gap-3 sm:grid-cols-3">
            <Field label={`${say('asId')} (${say('optional')})`}>{(parts) => <Input {...parts} value={form.id} onChange={(event) => set({ id: event.target.value })} className="font-mono text-sm" />}</Field>
            <Field label={`${say('version')} (${say('optional')})`}>{(parts) => <Input {...parts} value={form.version} onChange={(event) => set({ version: event.target.value })} className="font-mono text-sm" />}</Field>
            <Field label={`${say('baseUrl')} (${say('optional')})`}>{(parts) => <Input {...parts} value={form.base_url} onChange={(event) => set({ base_url: event.target.value })} className="font-mono text-sm" />}</Field>
          </div>
          <FailureLine cause={draft.error} />
          {draft.data ? <Banner tone="ok" title={say('imported')}><code className="font-mono text-xs break-all">{draft.data.manifest_digest}</code></Banner> : null}
          {draft.data && draft.data.skipped.length > 0 ? <div className="text-sm"><p className="font-medium">{say('skipped')}</p><ul className="list-disc ps-5">{draft.data.skipped.map((one) => <li key={`${one.field} ${one.message}`}><code className="font-mono text-xs break-all">{one.field}</code> {one.message}</li>)}</ul></div> : null}
          <div className="flex items-center gap-2"><Button look="primary" type="submit" busy={draft.isPending}>{say('importNow')}</Button><CopyRequest method="POST" path="/v1/adapters/import/openapi" body={body} cli={`soma tool import openapi.yaml${form.id.trim() ? ` --id ${form.id.trim()}` : ''}`} /></div>
        </form>
      </CardBody>
    </Card>
  );
};

/** How another adapter comes in: its manifest, who signed it, and a second person. */
export const Register = () => {
  const say = useToolWords();
  const toast = useToast();
  const client = useQueryClient();
  const go = useNavigate();
  const [text, setText] = useState('{}');
  const [signature, setSignature] = useState({ key_id: '', value: '' });
  const manifest = readManifest(text);
  const signed = signature.key_id.trim() && signature.value.trim() ? { algorithm, key_id: signature.key_id.trim(), value: signature.value.trim() } : null;
  const body = { manifest: (manifest ?? {}) as never, ...(signed ? { signature: signed } : {}) };
  const verify = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/adapters/verify', { body: body as never })) });
  const keys = useTwoKeys(
    async (sent: typeof body, approval) => (await api.POST('/v1/adapters', { params: { header: { 'Idempotency-Key': newKey() } }, headers: approvalHeader(approval), body: sent })).data!,
    (answer) => {
      toast({ tone: 'ok', title: say('registered') });
      void client.invalidateQueries({ queryKey: ['tools'] });
      void go({ to: '/tools/{-$adapter}', params: { adapter: answer.adapter.id }, search: {} });
    },
  );
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5 max-sm:p-3">
      <ImportOpenApi onDraft={(draft) => { setText(draft); verify.reset(); }} />
      <Card title={say('manifestTitle')} hint={say('manifestHint')}>
        <CardBody className="flex flex-col gap-3">
          <CodeEditor language="json" label={say('manifestText')} value={text} onChange={setText} className="max-h-96 min-h-32" />
          {text.trim() === '{}' ? <p className="text-sm text-muted">{say('draftEmpty')}</p> : manifest ? null : <p role="alert" className="text-sm text-bad">{say('manifestBad')}</p>}
          <fieldset className="grid gap-3 sm:grid-cols-2"><legend className="mb-1 text-sm"><span className="font-medium">{say('signature')} ({algorithm})</span> <span className="text-muted">{say('signatureHint')}</span></legend>
            <Field label={say('keyId')}>{(parts) => <Input {...parts} value={signature.key_id} onChange={(event) => setSignature((old) => ({ ...old, key_id: event.target.value }))} className="font-mono text-sm" />}</Field>
            <Field label={say('signature')}>{(parts) => <Input {...parts} value={signature.value} onChange={(event) => setSignature((old) => ({ ...old, value: event.target.value }))} className="font-mono text-sm" />}</Field>
          </fieldset>
          <FailureLine cause={verify.error} />
          {verify.data ? <Banner tone={verify.data.valid ? 'ok' : 'bad'} title={verify.data.valid ? say('valid') : say('invalid')}>{verify.data.reason} {verify.data.key_id ? <Badge>{verify.data.key_id}</Badge> : null}</Banner> : null}
          <TwoKeys keys={keys} />
          {keys.asked ? null : <div className="flex flex-wrap items-center gap-2"><Button look="primary" disabled={!manifest || text.trim() === '{}'} busy={keys.busy} onClick={() => keys.ask(body)}>{say('registerNow')}</Button><Button disabled={!manifest || text.trim() === '{}'} busy={verify.isPending} onClick={() => verify.mutate()}>{say('verify')}</Button><CopyRequest method="POST" path="/v1/adapters" body={body} cli="soma tool register signed.json --wait" /></div>}
        </CardBody>
      </Card>
    </div>
  );
};
