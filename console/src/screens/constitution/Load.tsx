import { Banner, Button, Card, CardBody, CopyButton, Field, Input, Select, TextArea, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { serverNow } from '~/app/clock.ts';
import { CodeEditor } from '~/app/editor/CodeEditor.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { constitutionQuery, detailQuery, versionsQuery } from './queries.ts';
import { route, scopes } from './screen.ts';
import { useConstitutionWords } from './words.ts';

type Scope = (typeof scopes)[number];

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** `KEY_ID SIGNATURE`, one a line. */
const signaturesOf = (text: string) => text.split('\n').map((line) => line.trim().split(/\s+/)).filter((parts) => parts.length === 2).map(([key_id, value]) => ({ key_id: key_id!, algorithm: 'ed25519', value: value! }));

/** A candidate: write it, have the server look at it, have it signed elsewhere, hand it in. Nothing changes until it is activated. */
export const Load = ({ inherited, me }: { inherited: boolean; me: Schemas['MeView'] }) => {
  const say = useConstitutionWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const go = route.useNavigate();
  const { scope = inherited ? 'installation' : 'tenant' } = route.useSearch();
  const current = useQuery(constitutionQuery).data;
  const base = useQuery({ ...detailQuery(inherited ? 'installation' : 'tenant', current?.version ?? 0), enabled: current !== undefined }).data;
  const [written, setText] = useState<string | null>(null);
  const [version, setVersion] = useState('');
  const [signatures, setSignatures] = useState('');
  const text = written ?? (base ? JSON.stringify(base.document, null, 2) : '');
  const document = parse(text);
  const sent = scope === 'installation' ? { scope } : {};
  const validate = useMutation({ mutationFn: (of: string) => bodyOf(api.POST('/v1/constitution/validate', { body: { document: parse(of) as never } })).then((answer) => ({ of, answer })) });
  const statement = useMutation({
    mutationFn: async (of: string) => {
      const issued_at = new Date(serverNow()).toISOString();
      const made = await bodyOf(api.POST('/v1/constitution/checksum', { body: { document: parse(of) as never, version: Number(version), issued_at, ...sent } }));
      return { of, issued_at, version: Number(version), statement: made.statement };
    },
  });
  const load = useMutation({
    mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/constitution/load', { body: { document: document as never, version: statement.data!.version, issued_at: statement.data!.issued_at, signatures: signaturesOf(signatures), ...sent }, params: { header: { 'Idempotency-Key': newKey() } } }))),
    onSuccess: async (answer) => {
      toast({ tone: 'ok', title: say('loaded', { n: answer.version }) });
      await client.invalidateQueries({ queryKey: versionsQuery(scope).queryKey });
      void go({ search: (old) => ({ ...old, tab: 'versions' as const, scope }), replace: true });
    },
  });
  const checked = validate.data?.of === text ? validate.data.answer : null;
  const signed = statement.data?.of === text && statement.data.version === Number(version) ? statement.data : null;
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <Card title={say('candidateTitle')} hint={say('candidateHint')} actions={<Select aria-label={say('scope')} value={scope} onChange={(event) => { statement.reset(); void go({ search: (old) => ({ ...old, scope: event.target.value as Scope }), replace: true }); }} className="h-8 w-auto text-sm">{scopes.filter((one) => one === 'tenant' || me.capabilities.includes('platform:admin')).map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}>
        <CardBody className="flex flex-col gap-3">
          <CodeEditor language="json" label={say('document')} value={text} onChange={setText} className="max-h-[28rem]" />
          {text && document === undefined ? <p role="alert" className="text-sm text-bad">{say('noJson')}</p> : null}
          <div className="flex flex-wrap items-center gap-3"><Button busy={validate.isPending} disabled={document === undefined} onClick={() => validate.mutate(text)}>{say('validate')}</Button><FailureLine cause={validate.error} />{checked?.valid ? <Banner tone="ok" title={say('isValid')} className="min-w-0 flex-1"><code className="font-mono text-xs break-all">{checked.checksum}</code></Banner> : null}</div>
          {checked && !checked.valid ? <ul aria-label={say('issues')} className="list-disc ps-5 text-sm text-bad">{checked.issues.map((issue) => <li key={issue} className="break-words">{issue}</li>)}</ul> : null}
        </CardBody>
      </Card>
      <Card title={say('sign')} hint={say('signHint')}>
        <CardBody className="flex flex-col gap-4">
          <form className="flex flex-wrap items-end gap-3" onSubmit={(event) => { event.preventDefault(); statement.mutate(text); }}>
            <Field label={say('newVersion')} hint={say('newVersionHint')}>{(parts) => <Input {...parts} type="number" min={1} step={1} required value={version} onChange={(event) => setVersion(event.target.value)} className="w-40" />}</Field>
            <Button type="submit" busy={statement.isPending} disabled={!checked?.valid} className="mb-6">{say('makeStatement')}</Button>
          </form>
          <FailureLine cause={statement.error} />
          {signed?.statement ? (
            <>
              <div><div className="mb-1 flex flex-wrap gap-2"><CopyButton value={signed.statement} label={say('copyStatement')} look="plain" /><CopyButton value={'printf %s "$STATEMENT" > statement\nopenssl pkeyutl -sign -rawin -inkey constitution.pem -in statement | base64 -w0'} label={say('copyOpenssl')} look="plain" /></div><pre className="rounded-md border border-line bg-sunken p-2 font-mono text-xs break-all whitespace-pre-wrap">{signed.statement}</pre></div>
              <Field label={say('signatures')} hint={say('signaturesHint')}>{(parts) => <TextArea {...parts} value={signatures} onChange={(event) => setSignatures(event.target.value)} spellCheck={false} className="font-mono text-xs" />}</Field>
              <FailureLine cause={load.error} />
              <Button look="primary" className="self-start" busy={load.isPending} disabled={signaturesOf(signatures).length === 0} onClick={() => load.mutate()}>{say('load')}</Button>
            </>
          ) : null}
        </CardBody>
      </Card>
    </div>
  );
};
