import { Badge, Button, Drawer, EmptyState, Field, Input, Select, useToast, VirtualList } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient, type InfiniteData, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Blocks, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import type { Schema } from '~/app/schemaForm.ts';
import { SchemaFields, useSchemaForm } from '~/app/SchemaForm.tsx';
import { approvalHeader, ifMatch, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { inputsSchema } from '../workflows/inputs.ts';
import { capsuleQuery, capsulesQuery } from '../workflows/queries.ts';
import type { Template } from './queries.ts';
import { ScheduleEditor } from './ScheduleEditor.tsx';
import { fresh } from './ScheduleList.tsx';
import { route } from './screen.ts';
import { useScheduleWords } from './words.ts';

type List = UseInfiniteQueryResult<InfiniteData<Schemas['PageOfRunTemplateView']>>;
type Begun = Schemas['StartRunResponse'] | Schemas['ApprovalWanted'];

const nameMax = 200;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keeps a template: a template may leave out what its runs are given later. */
const Keep = ({ template, capsule, schema, onKept }: { template: Template | null; capsule: Schemas['CapsuleDetail']; schema: Schema; onKept: () => void }) => {
  const say = useScheduleWords();
  const toast = useToast();
  const client = useQueryClient();
  const [id, setId] = useState(template?.id ?? '');
  const [name, setName] = useState(template?.name ?? '');
  const form = useSchemaForm({ ...schema, required: [] }, isObject(template?.defaults) ? template.defaults : undefined);
  const body = { name: name.trim(), capsule: capsule.id, version: capsule.version, defaults: (form.value ?? {}) as never };
  const keep = useMutation({
    mutationFn: () => (template ? bodyOf(api.PUT('/v1/templates/{id}', { params: { path: { id: template.id }, header: { 'Idempotency-Key': newKey() } }, headers: ifMatch(template.version), body })) : bodyOf(api.POST('/v1/templates', { params: { header: { 'Idempotency-Key': newKey() } }, body: { id: id.trim(), ...body } }))),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('templateSaved') });
      onKept();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['schedules'] }),
  });
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => { event.preventDefault(); if (form.value === null) form.showFaults(); else keep.mutate(); }}>
      {template ? null : <Field label={say('templateId')} hint={say('templateIdHint')}>{(parts) => <Input {...parts} value={id} onChange={(event) => setId(event.target.value)} required className="font-mono text-sm" />}</Field>}
      <Field label={say('name')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} required maxLength={nameMax} />}</Field>
      <h3 className="text-base font-semibold">{say('defaults')}</h3>
      <SchemaFields form={form} />
      <FailureLine cause={keep.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={keep.isPending} disabled={name.trim() === '' || id.trim() === ''}>{say('save')}</Button><CopyRequest method={template ? 'PUT' : 'POST'} path={template ? `/v1/templates/${template.id}` : '/v1/templates'} body={template ? body : { id, ...body }} /></div>
    </form>
  );
};

/** Begins a run; what is written here goes before the template's own. */
const Instantiate = ({ template, schema }: { template: Template; schema: Schema }) => {
  const say = useScheduleWords();
  const toast = useToast();
  const go = useNavigate();
  const own = isObject(template.defaults) ? template.defaults : {};
  const form = useSchemaForm({ ...schema, required: (schema.required ?? []).filter((name) => !(name in own)), properties: Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, name in own ? { ...one, default: own[name] } : one])) });
  const [name, setName] = useState('');
  const body = { parameters: (form.value ?? {}) as never, ...(name.trim() ? { name: name.trim() } : {}) };
  const keys = useTwoKeys(
    async (sent: typeof body, approval): Promise<Begun> => (await api.POST('/v1/templates/{id}/instantiate', { params: { path: { id: template.id }, header: { 'Idempotency-Key': newKey() } }, headers: approvalHeader(approval), body: sent })).data as unknown as Begun,
    (begun) => {
      toast({ tone: 'ok', title: say('started') });
      void go({ to: '/workflows/{-$run}', params: { run: begun.run_id } });
    },
  );
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => { event.preventDefault(); if (form.value === null) form.showFaults(); else keys.ask(body); }}>
      <h3 className="text-base font-semibold">{say('instantiateTitle', { name: template.name })}</h3>
      <p className="text-sm text-muted">{say('overrides')}</p>
      <SchemaFields form={form} />
      <Field label={say('runName')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} maxLength={nameMax} />}</Field>
      <TwoKeys keys={keys} />
      {keys.asked ? null : <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={keys.busy}>{say('instantiate')}</Button><CopyRequest method="POST" path={`/v1/templates/${template.id}/instantiate`} body={body} /></div>}
    </form>
  );
};

const TemplateDrawer = ({ template, me, onClose, onSchedule }: { template: Template | null; me: Schemas['MeView']; onClose: () => void; onSchedule: (id: string) => void }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const [editing, setEditing] = useState(template === null);
  const [chosen, setChosen] = useState(template?.capsule ?? '');
  const capsules = useQuery({ ...capsulesQuery, enabled: template === null });
  const capsule = useQuery({ ...capsuleQuery(chosen), enabled: chosen !== '' });
  const schema = capsule.data ? inputsSchema(capsule.data.definition) : null;
  return (
    <Drawer open onOpenChange={(open) => open || onClose()} title={template?.name ?? say('newTemplateTitle')} hint={template ? `${template.capsule} ${template.capsule_version}` : undefined}>
      <div className="flex flex-col gap-5">
        {template ? (
          <div className="flex flex-wrap items-center gap-2">
            {me.capabilities.includes('run:manage') ? <Button size="sm" aria-pressed={editing} onClick={() => setEditing(!editing)}>{say('editTemplate')}</Button> : null}
            {me.capabilities.includes('schedule:manage') ? <Button size="sm" onClick={() => onSchedule(template.id)}>{say('schedule')}</Button> : null}
          </div>
        ) : <Field label={say('aCapsule')}>{(parts) => <Select {...parts} value={chosen} onChange={(event) => setChosen(event.target.value)}><option value="">{say('chooseOne')}</option>{(capsules.data?.data ?? []).map((one) => <option key={one.id}>{one.id}</option>)}</Select>}</Field>}
        {capsule.error ? <Failure cause={capsule.error} onRetry={() => void capsule.refetch()} compact /> : chosen === '' ? null : !capsule.data || !schema ? <p role="status" className="text-muted">{common('loading')}</p> : editing ? <Keep key={capsule.data.id} template={template} capsule={capsule.data} schema={schema} onKept={() => (template ? setEditing(false) : onClose())} /> : template && me.capabilities.includes('run:start') ? <Instantiate key={template.version} template={template} schema={schema} /> : null}
      </div>
    </Drawer>
  );
};

/** Capsules with inputs of one's own under a name. */
export const Templates = ({ me, list }: { me: Schemas['MeView']; list: List }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { template: open } = route.useSearch();
  const [scheduling, setScheduling] = useState<string | null>(null);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (template: string | undefined) => void go({ search: (old) => ({ ...old, template }), replace: true });
  const create = me.capabilities.includes('run:manage') ? <Button size="sm" look="primary" onClick={() => set(fresh)}><Plus aria-hidden className="size-3.5" />{say('newTemplate')}</Button> : <span className="text-sm text-muted">{say('mayNot')} <code className="font-mono">run:manage</code></span>;
  const one = rows.find((row) => row.id === open);
  return (
    <div className="flex flex-col gap-3 p-5 max-sm:p-3">
      <div className="flex justify-end">{create}</div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : rows.length === 0 ? <EmptyState icon={<Blocks />} title={say('noTemplates')}>{say('noTemplatesText')}</EmptyState> : (
        <VirtualList label={say('templates')} rows={rows} rowId={(row) => row.id} rowHeight={44} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="rounded-lg border border-line bg-surface shadow-card" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 hover:bg-hover">
          {(row) => (
            <>
              <button type="button" onClick={() => set(row.id)} className="font-medium break-words after:absolute after:inset-0">{row.name}</button><code className="font-mono text-xs text-muted">{row.id}</code><Badge>{row.capsule} {row.capsule_version}</Badge>
              <span className="text-sm text-muted sm:ms-auto">{say('templateVersion', { n: row.version })} · {say('author')} {row.author} · {relativeTime(new Date(row.updated_at), lang)}</span>
            </>
          )}
        </VirtualList>
      )}
      {open && scheduling === null && (open === fresh || one) ? <TemplateDrawer key={`${open} ${one?.version ?? 0}`} template={one ?? null} me={me} onClose={() => set(undefined)} onSchedule={setScheduling} /> : null}
      {scheduling === null ? null : <ScheduleEditor id={null} template={scheduling} onClose={() => setScheduling(null)} onSaved={(id) => void go({ search: { tab: 'schedules', id } })} />}
    </div>
  );
};
