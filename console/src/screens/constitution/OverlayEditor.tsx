import { AsOf, Badge, Banner, Button, Card, CardBody, CheckBox, EmptyState, Field, Input, TextArea, useToast } from '@somastack/uix';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { DiffList } from '~/app/diff/DiffList.tsx';
import { jsonDiff } from '~/app/diff/jsonDiff.ts';
import { Failure } from '~/app/Failure.tsx';
import { approvalHeader, ifMatch, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { policyQuery } from '../policies/queries.ts';
import { approvalsMax, ceilingNames, keepsAll, loosens, trimmed, type Document, type Overlay } from './overlay.ts';
import { detailQuery, constitutionQuery, overlayQuery } from './queries.ts';
import { useConstitutionWords } from './words.ts';

const Principles = ({ overlay, onChange }: { overlay: Overlay; onChange?: (next: Overlay) => void }) => {
  const say = useConstitutionWords();
  const list = overlay.principles ?? [];
  const put = (at: number, change: Partial<(typeof list)[number]>) => onChange?.({ ...overlay, principles: list.map((one, index) => (index === at ? { ...one, ...change } : one)) });
  return (
    <Card title={say('addedPrinciples')} actions={onChange ? <Button size="sm" onClick={() => onChange({ ...overlay, principles: [...list, { id: '', title: '', body: '' }] })}><Plus aria-hidden className="size-3.5" />{say('addPrinciple')}</Button> : null}>
      {list.length === 0 ? <EmptyState title={say('noAdded')} className="py-5" /> : (
        <ul className="divide-y divide-line">
          {list.map((one, index) => (
            // The place in the list is what a principle is while its id is being written.
            <li key={index} className="grid gap-3 p-4 sm:grid-cols-[10rem_1fr_auto]">
              <Field label={say('principleId')}>{(parts) => <Input {...parts} value={one.id} onChange={(event) => put(index, { id: event.target.value })} readOnly={!onChange} className="font-mono" />}</Field>
              <Field label={say('principleTitle')}>{(parts) => <Input {...parts} value={one.title} onChange={(event) => put(index, { title: event.target.value })} readOnly={!onChange} />}</Field>
              {onChange ? <Button look="quiet" size="icon" aria-label={`${say('remove')}: ${one.id}`} onClick={() => onChange({ ...overlay, principles: list.filter((_, other) => other !== index) })} className="mt-6"><Trash2 aria-hidden className="size-4" /></Button> : null}
              <Field label={say('principleBody')} className="sm:col-span-3">{(parts) => <TextArea {...parts} value={one.body} onChange={(event) => put(index, { body: event.target.value })} readOnly={!onChange} className="min-h-16" />}</Field>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
};

/** A number of the overlay beside what the document says; an empty field says nothing. */
const Amount = ({ label, given, value, max, step, onChange }: { label: string; given: number | undefined; value: number | undefined; max?: number; step: number | 'any'; onChange?: (value: number | undefined) => void }) => {
  const say = useConstitutionWords();
  return <Field label={<code className="font-mono text-sm">{label}</code>} hint={given === undefined ? say('documentSilent') : say('documentSays', { n: given })}>{(parts) => <Input {...parts} type="number" min={0} max={max} step={step} value={value ?? ''} readOnly={!onChange} onChange={(event) => onChange?.(event.target.value === '' ? undefined : event.target.valueAsNumber)} />}</Field>;
};

const put = (record: Record<string, number> | undefined, name: string, value: number | undefined) => Object.fromEntries(Object.entries({ ...record, [name]: value }).filter(([, one]) => one !== undefined)) as Record<string, number>;

const Form = ({ document, kinds, before, version, mayWrite }: { document: Document; kinds: readonly string[]; before: Overlay; version: number; mayWrite: boolean }) => {
  const say = useConstitutionWords();
  const toast = useToast();
  const client = useQueryClient();
  const [overlay, setOverlay] = useState(before);
  const next = trimmed(overlay);
  const faults = loosens(document, next);
  const changes = jsonDiff(trimmed(before), next);
  const alone = keepsAll(before, next);
  const given = document.enforcement ?? {};
  const all = [...new Set([...kinds, ...(overlay.prohibitions ?? []), ...Object.keys(overlay.required_approvals ?? {}), ...(given.prohibitions ?? [])])].sort();
  const onChange = mayWrite ? setOverlay : undefined;
  const keys = useTwoKeys(
    async (sent: Overlay, approval) => (await api.PUT('/v1/constitution/overlay', { body: sent as never, params: { header: { 'Idempotency-Key': newKey() } }, headers: { ...ifMatch(version), ...approvalHeader(approval) } })).data!,
    () => {
      toast({ tone: 'ok', title: say('overlayHolds') });
      void client.invalidateQueries({ queryKey: ['constitution'] });
    },
  );
  return (
    <>
      <Card title={say('prohibitions')} hint={say('prohibitionsHint')}>
        <CardBody>{all.length === 0 ? <EmptyState title={say('noKinds')} className="py-4" /> : <ul className="grid gap-1.5 sm:grid-cols-2">{all.map((kind) => <li key={kind}><CheckBox label={<><code className="font-mono text-sm">{kind}</code>{given.prohibitions?.includes(kind) ? <Badge className="ms-2">{say('byDocument')}</Badge> : null}</>} checked={(overlay.prohibitions?.includes(kind) || given.prohibitions?.includes(kind)) ?? false} disabled={!onChange || given.prohibitions?.includes(kind)} onChange={(event) => onChange?.({ ...overlay, prohibitions: event.target.checked ? [...(overlay.prohibitions ?? []), kind] : (overlay.prohibitions ?? []).filter((one) => one !== kind) })} /></li>)}</ul>}</CardBody>
      </Card>
      <Card title={say('ceilings')} hint={say('ceilingsHint')}>
        <CardBody className="grid gap-4 sm:grid-cols-2">{[...new Set([...ceilingNames, ...Object.keys(given.ceilings ?? {}), ...Object.keys(overlay.ceilings ?? {})])].map((name) => <Amount key={name} label={name} given={given.ceilings?.[name]} value={overlay.ceilings?.[name]} max={name === 'risk' ? 1 : undefined} step={name.endsWith('tokens') ? 1 : 'any'} onChange={onChange && ((value) => onChange({ ...overlay, ceilings: put(overlay.ceilings, name, value) }))} />)}</CardBody>
      </Card>
      <Card title={say('approvals')} hint={say('approvalsHint')}>
        <CardBody className="grid gap-4 sm:grid-cols-3">{all.map((kind) => <Amount key={kind} label={kind} given={given.required_approvals?.[kind]} value={overlay.required_approvals?.[kind]} max={approvalsMax} step={1} onChange={onChange && ((value) => onChange({ ...overlay, required_approvals: put(overlay.required_approvals, kind, value || undefined) }))} />)}</CardBody>
      </Card>
      <Principles overlay={overlay} onChange={onChange} />
      {mayWrite ? (
        <Card title={say('overlayChange')} hint={say('overlayChangeHint')} actions={<CopyRequest method="PUT" path="/v1/constitution/overlay" body={next} />}>
          <CardBody className="flex flex-col gap-3">
            {changes.length > 0 ? <DiffList changes={changes} /> : <EmptyState title={say('nothingChanged')} className="py-4" />}
            {faults.length > 0 ? <Banner tone="bad" title={say('loosens')}>{faults.join(', ')}</Banner> : changes.length === 0 ? null : <Banner tone={alone ? 'ok' : 'warn'} title={alone ? say('tightens') : say('takesBack')} />}
            <TwoKeys keys={keys} />
            {keys.asked ? null : <div className="flex flex-wrap gap-2"><Button look="primary" busy={keys.busy} disabled={changes.length === 0 || faults.length > 0} onClick={() => keys.ask(next)}>{alone ? say('overlayApply') : say('overlayAsk')}</Button><Button look="quiet" disabled={changes.length === 0} onClick={() => setOverlay(before)}>{say('reset')}</Button></div>}
          </CardBody>
        </Card>
      ) : null}
    </>
  );
};

/** What this tenant adds to the constitution. It can forbid more and never less. */
export const OverlayEditor = ({ mayWrite }: { mayWrite: boolean }) => {
  const say = useConstitutionWords();
  const common = useCommon();
  const lang = useLanguage();
  const current = useQuery(constitutionQuery);
  const overlay = useQuery(overlayQuery);
  const policy = useQuery(policyQuery);
  const base = useQuery({ ...detailQuery(current.data?.inherited ? 'installation' : 'tenant', current.data?.version ?? 0), enabled: current.data !== undefined });
  const error = overlay.error ?? base.error;
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <div className="flex flex-wrap items-center gap-2"><p className="text-muted">{say('overlayHint')}</p><span className="ms-auto"><AsOf at={overlay.dataUpdatedAt ? new Date(overlay.dataUpdatedAt) : null} locale={lang} /></span></div>
      {error ? <Failure cause={error} onRetry={() => void Promise.all([overlay.refetch(), base.refetch()])} /> : !overlay.data || !base.data || (policy.isPending && !policy.error) ? <p role="status" className="text-muted">{common('loading')}</p> : <Form key={overlay.data.version} document={base.data.document} kinds={Object.keys(policy.data?.document.kinds ?? {})} before={overlay.data.overlay} version={overlay.data.version} mayWrite={mayWrite} />}
    </div>
  );
};
