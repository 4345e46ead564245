import { AsOf, Badge, Banner, Button, Card, CardBody, Select, useToast } from '@somastack/uix';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { fieldsOf, readField, writtenOf, type FormField, type Schema } from '~/app/schemaForm.ts';
import { SchemaInput } from '~/app/SchemaForm.tsx';
import { approvalHeader, ifMatch, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { route, scopes } from './screen.ts';
import { useSettingsWords } from './words.ts';

type View = Schemas['SettingsView'];

export const settingsQuery = (scope: 'tenant' | 'installation') => ({ queryKey: ['settings', 'values', scope], queryFn: () => (scope === 'tenant' ? bodyOf(api.GET('/v1/settings')) : bodyOf(api.GET('/v1/settings/installation'))) });

const sourceTones = { tenant: 'accent', installation: 'info', default: 'neutral' } as const;

const SourceBadge = ({ source }: { source: string | undefined }) => {
  const say = useSettingsWords();
  return <Badge tone={sourceTones[source as 'tenant'] ?? 'neutral'}>{source !== undefined && source in sourceTones ? say(`from_${source as 'tenant'}`) : (source ?? say('sourceUnknown'))}</Badge>;
};

const Form = ({ schema, view, scope }: { schema: Schema; view: View; scope: 'tenant' | 'installation' }) => {
  const say = useSettingsWords();
  const toast = useToast();
  const client = useQueryClient();
  const fields = fieldsOf(schema);
  const values = view as unknown as Record<string, unknown>;
  const sources = view.sources as unknown as Record<string, string | undefined>;
  // What is not this scope's own stays unset, so that saving does not make it its own.
  const own = (field: FormField) => (field.required || sources[field.name] === scope ? writtenOf(field.kind, values[field.name]) : '');
  const [form, setForm] = useState<Record<string, string>>(() => Object.fromEntries(fields.map((field) => [field.name, own(field)])));
  const read = fields.map((field) => [field.name, readField(field, form[field.name] ?? '')] as const);
  const broken = read.some(([, one]) => 'fault' in one);
  const body = Object.fromEntries(read.flatMap(([name, one]) => ('value' in one && one.value !== undefined ? [[name, one.value]] : []))) as Schemas['ChangeSettingsRequest'];
  const touched = fields.some((field) => own(field) !== form[field.name]);
  const keys = useTwoKeys(
    async (sent: typeof body, approval) => {
      const options = { body: sent, params: { header: { 'Idempotency-Key': newKey() } }, headers: { ...ifMatch(view.version), ...approvalHeader(approval) } };
      return scope === 'tenant' ? (await api.PUT('/v1/settings', options)).data! : (await api.PUT('/v1/settings/installation', options)).data!;
    },
    () => {
      toast({ tone: 'ok', title: say('saved') });
      void client.invalidateQueries({ queryKey: ['settings'] });
    },
  );
  return (
    <Card title={schema.title ?? say('values')} hint={say('version', { n: view.version })} actions={<CopyRequest method="PUT" path={scope === 'tenant' ? '/v1/settings' : '/v1/settings/installation'} body={body} />}>
      <CardBody>
        <form className="flex flex-col gap-5" noValidate onSubmit={(event) => { event.preventDefault(); if (!broken) keys.ask(body); }}>
          {fields.map((field) => <SchemaInput key={field.name} field={field} label={<span className="flex flex-wrap items-center gap-2"><code className="font-mono text-sm">{field.name}</code><SourceBadge source={sources[field.name]} /></span>} hint={field.schema.description} text={form[field.name] ?? ''} placeholder={sources[field.name] === scope ? '' : (writtenOf(field.kind, values[field.name]).replaceAll('\n', ', ') || say('nothing'))} onChange={(text) => setForm((old) => ({ ...old, [field.name]: text }))} />)}
          <TwoKeys keys={keys} />
          {keys.asked ? null : <div className="flex flex-wrap gap-2"><Button look="primary" type="submit" busy={keys.busy} disabled={broken || !touched}>{say('save')}</Button><Button look="quiet" disabled={!touched} onClick={() => setForm(Object.fromEntries(fields.map((field) => [field.name, own(field)])))}>{say('reset')}</Button></div>}
          <p className="text-sm text-muted">{say('risky')}</p>
        </form>
      </CardBody>
    </Card>
  );
};

/** The values in force, each with where it comes from, in a form that the server's schema makes. */
export const Values = ({ me }: { me: Schemas['MeView'] }) => {
  const say = useSettingsWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { scope = 'tenant' } = route.useSearch();
  const schema = useQuery({ queryKey: ['settings', 'schema'], queryFn: async () => (await bodyOf(api.GET('/v1/settings/schema'))) as unknown as Schema, staleTime: Infinity });
  const view = useQuery(settingsQuery(scope));
  const error = schema.error ?? view.error;
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <div className="flex flex-wrap items-center gap-3">
        {me.capabilities.includes('platform:admin') ? <Select aria-label={say('scope')} value={scope} onChange={(event) => void go({ search: (old) => ({ ...old, scope: event.target.value as 'tenant' }), replace: true })} className="h-8 w-auto text-sm">{scopes.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select> : null}
        <span className="ms-auto"><AsOf at={view.dataUpdatedAt ? new Date(view.dataUpdatedAt) : null} locale={lang} /></span>
      </div>
      {scope === 'installation' ? <Banner tone="info" title={say('installationHint')} /> : null}
      {error ? <Failure cause={error} onRetry={() => void Promise.all([schema.refetch(), view.refetch()])} /> : !schema.data || !view.data ? <p role="status" className="text-muted">{common('loading')}</p> : <Form key={`${scope} ${view.data.version}`} schema={schema.data} view={view.data} scope={scope} />}
    </div>
  );
};
