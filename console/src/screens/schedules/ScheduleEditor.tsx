import { Button, CheckBox, Drawer, Field, Input, Select, useToast } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import type { Schema } from '~/app/schemaForm.ts';
import { SchemaFields, useSchemaForm } from '~/app/SchemaForm.tsx';
import { ifMatch } from '~/app/TwoKeys.tsx';
import { useCommon } from '~/i18n/common.ts';
import { inputsSchema } from '../workflows/inputs.ts';
import { capsuleQuery, capsulesQuery } from '../workflows/queries.ts';
import { scheduleQuery, templatesQuery, type Schedule } from './queries.ts';
import { ownZone, zones } from './zones.ts';
import { useScheduleWords } from './words.ts';

type Draft = { name: string; kind: 'capsule' | 'template'; target: string; version: string; cron: string; time_zone: string; catch_up: string; overlap: string; paused: boolean };

const nameMax = 200;

const draftOf = (schedule: Schedule | null, template: string | null): Draft => ({
  name: schedule?.name ?? '', kind: (schedule?.target.template ?? template) ? 'template' : 'capsule', target: schedule?.target.template ?? schedule?.target.capsule ?? template ?? '', version: schedule?.target.version ?? '',
  cron: schedule?.cron ?? '', time_zone: schedule?.time_zone ?? ownZone(), catch_up: schedule?.catch_up ?? 'latest', overlap: schedule?.overlap ?? 'skip', paused: schedule ? schedule.paused !== null : false,
});

/** What is left out is the template's or the capsule's own, so nothing is needed here when a template gives it. */
const Rest = ({ draft, schedule, schema, onSaved }: { draft: Draft; schedule: Schedule | null; schema: Schema; onSaved: (id: string) => void }) => {
  const say = useScheduleWords();
  const toast = useToast();
  const client = useQueryClient();
  const [key] = useState(newKey);
  const given = schedule?.target.inputs;
  const form = useSchemaForm(draft.kind === 'template' ? { ...schema, required: [] } : schema, typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : undefined);
  const inputs = form.value ?? {};
  const body = {
    name: draft.name, cron: draft.cron.trim(), time_zone: draft.time_zone.trim(), catch_up: draft.catch_up, overlap: draft.overlap, paused: draft.paused,
    ...(draft.kind === 'template' ? { template: draft.target } : { capsule: draft.target, ...(draft.version.trim() ? { version: draft.version.trim() } : {}) }), ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
  } as Schemas['SaveScheduleRequest'];
  const save = useMutation({
    mutationFn: () => (schedule ? bodyOf(api.PUT('/v1/schedules/{id}', { params: { path: { id: schedule.id }, header: { 'Idempotency-Key': key } }, headers: ifMatch(schedule.version), body })) : bodyOf(api.POST('/v1/schedules', { params: { header: { 'Idempotency-Key': newKey() } }, body }))),
    onSuccess: (saved) => {
      toast({ tone: 'ok', title: say('saved') });
      onSaved(saved.id);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['schedules'] }),
  });
  const cli = `soma schedule create '${draft.name.replaceAll("'", "'\\''")}' --${draft.kind} ${draft.target || 'ID'} --cron '${draft.cron}' --time-zone ${draft.time_zone} --catch-up ${draft.catch_up} --overlap ${draft.overlap}${Object.keys(inputs).length > 0 ? ' --inputs inputs.json' : ''}`;
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => { event.preventDefault(); if (form.value === null) form.showFaults(); else save.mutate(); }}>
      <h3 className="text-base font-semibold">{say('inputs')}</h3>
      {draft.kind === 'template' ? <p className="text-sm text-muted">{say('overrides')}</p> : null}
      <SchemaFields form={form} />
      <FailureLine cause={save.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={save.isPending} disabled={draft.name.trim() === '' || draft.cron.trim() === '' || draft.target === ''}>{say('save')}</Button><CopyRequest method={schedule ? 'PUT' : 'POST'} path={schedule ? `/v1/schedules/${schedule.id}` : '/v1/schedules'} body={body} cli={schedule ? undefined : cli} /></div>
    </form>
  );
};

const Form = ({ schedule, template, onSaved }: { schedule: Schedule | null; template: string | null; onSaved: (id: string) => void }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const [draft, setDraft] = useState<Draft>(() => draftOf(schedule, template));
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const capsules = useQuery(capsulesQuery);
  const templates = useInfiniteQuery(templatesQuery);
  const all = templates.data?.pages.flatMap((page) => page.data) ?? [];
  const capsuleId = draft.kind === 'capsule' ? draft.target : (all.find((one) => one.id === draft.target)?.capsule ?? '');
  const capsule = useQuery({ ...capsuleQuery(capsuleId), enabled: capsuleId !== '' });
  const names = draft.kind === 'capsule' ? (capsules.data?.data ?? []).map((one) => one.id) : all.map((one) => one.id);
  const offered = draft.target === '' || names.includes(draft.target) ? names : [draft.target, ...names];
  return (
    <div className="flex flex-col gap-4">
      <Field label={say('name')}>{(parts) => <Input {...parts} value={draft.name} onChange={(event) => set({ name: event.target.value })} required maxLength={nameMax} />}</Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={say('target')}>{(parts) => <Select {...parts} value={draft.kind} onChange={(event) => set({ kind: event.target.value as Draft['kind'], target: '', version: '' })}><option value="capsule">{say('aCapsule')}</option><option value="template">{say('aTemplate')}</option></Select>}</Field>
        <Field label={draft.kind === 'capsule' ? say('aCapsule') : say('aTemplate')}>{(parts) => <Select {...parts} value={draft.target} onChange={(event) => set({ target: event.target.value })}><option value="">{say('chooseOne')}</option>{offered.map((one) => <option key={one}>{one}</option>)}</Select>}</Field>
        <Field label={say('cron')} hint={say('cronHint')}>{(parts) => <Input {...parts} value={draft.cron} onChange={(event) => set({ cron: event.target.value })} required className="font-mono text-sm" />}</Field>
        <Field label={say('zone')} hint={say('zoneHint')}>{(parts) => <><Input {...parts} list="zones" value={draft.time_zone} onChange={(event) => set({ time_zone: event.target.value })} required /><datalist id="zones">{zones().map((one) => <option key={one} value={one} />)}</datalist></>}</Field>
        <Field label={say('catchUp')}>{(parts) => <Select {...parts} value={draft.catch_up} onChange={(event) => set({ catch_up: event.target.value })}>{(['skip', 'latest', 'all'] as const).map((one) => <option key={one} value={one}>{say(`catch_${one}`)}</option>)}</Select>}</Field>
        <Field label={say('overlap')}>{(parts) => <Select {...parts} value={draft.overlap} onChange={(event) => set({ overlap: event.target.value })}>{(['skip', 'allow'] as const).map((one) => <option key={one} value={one}>{say(`overlap_${one}`)}</option>)}</Select>}</Field>
        {draft.kind === 'capsule' ? <Field label={say('version')} hint={say('versionHint')}>{(parts) => <Input {...parts} value={draft.version} onChange={(event) => set({ version: event.target.value })} className="font-mono text-sm" />}</Field> : null}
      </div>
      <CheckBox label={say('beginPaused')} checked={draft.paused} onChange={(event) => set({ paused: event.target.checked })} />
      {capsule.error ? <Failure cause={capsule.error} onRetry={() => void capsule.refetch()} compact /> : capsuleId === '' ? null : !capsule.data ? <p role="status" className="text-muted">{common('loading')}</p> : <Rest key={`${draft.kind} ${draft.target}`} draft={draft} schedule={schedule} schema={inputsSchema(capsule.data.definition)} onSaved={onSaved} />}
    </div>
  );
};

/** A new schedule, or one that is replaced: the form of its times and, below, of what its runs are given. */
export const ScheduleEditor = ({ id, template = null, onClose, onSaved }: { id: string | null; template?: string | null; onClose: () => void; onSaved: (id: string) => void }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const view = useQuery({ ...scheduleQuery(id ?? ''), enabled: id !== null, refetchInterval: false });
  return (
    <Drawer open onOpenChange={(open) => open || onClose()} title={id === null ? say('createTitle') : say('editTitle')} hint={say('actsAsYou')} className="max-w-2xl">
      {id === null ? <Form schedule={null} template={template} onSaved={onSaved} /> : view.error ? <Failure cause={view.error} onRetry={() => void view.refetch()} /> : view.data ? <Form key={view.data.version} schedule={view.data} template={null} onSaved={onSaved} /> : <p role="status" className="text-muted">{common('loading')}</p>}
    </Drawer>
  );
};
