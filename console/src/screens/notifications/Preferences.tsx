import { Banner, Button, Card, CardBody, CheckBox, Field, Input, Select, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNoticeWords } from '~/app/notices/words.ts';
import { meQuery } from '~/app/queries.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { Addresses } from './Addresses.tsx';
import { draftOf, preferencesOf, quietFault, type Draft } from './draft.ts';
import { Mutes } from './Mutes.tsx';
import { preferencesPath, preferencesQuery, resetPreferences, savePreferences, type Owner, type PreferencesView } from './queries.ts';
import { channels, severities } from './screen.ts';
import { useNotificationWords } from './words.ts';

const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const Zone = ({ label, value, onChange }: { label: string; value: string; onChange: (zone: string) => void }) => (
  <Field label={label}>{(parts) => <Select {...parts} value={value} onChange={(event) => onChange(event.target.value)}>{[...new Set([value, ownZone(), 'UTC', ...Intl.supportedValuesOf('timeZone')])].map((zone) => <option key={zone}>{zone}</option>)}</Select>}</Field>
);

type Part = { draft: Draft; change: (next: Draft) => void };

const Channels = ({ draft, change }: Part) => {
  const say = useNotificationWords();
  const word = useNoticeWords();
  return (
    <Card title={say('channels')} hint={say('channelsText')}>
      <ul className="divide-y divide-line">
        {channels.map((name) => {
          const one = draft.channels[name];
          const put = (next: Partial<typeof one>) => change({ ...draft, channels: { ...draft.channels, [name]: { ...one, ...next } } });
          return (
            <li key={name} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
              <div className="min-w-0 flex-1 basis-56"><CheckBox label={<span className="font-medium">{say(name)}</span>} checked={one.enabled} onChange={(event) => put({ enabled: event.target.checked })} /><p className="ps-6 text-sm text-muted">{say(`${name}Text`)}</p></div>
              <Select aria-label={`${say('threshold')}: ${say(name)}`} value={one.threshold} disabled={!one.enabled} onChange={(event) => put({ threshold: event.target.value as typeof one.threshold })} className="h-8 w-48 text-sm">{severities.map((severity) => <option key={severity} value={severity}>{severity === 'info' ? say('everything') : say('atLeast', { severity: word(severity) })}</option>)}</Select>
            </li>
          );
        })}
      </ul>
    </Card>
  );
};

const Quiet = ({ draft, change }: Part) => {
  const say = useNotificationWords();
  const { quiet } = draft;
  const put = (next: Partial<Draft['quiet']>) => change({ ...draft, quiet: { ...quiet, ...next } });
  return (
    <Card title={say('quiet')} hint={say('quietText')}>
      <CardBody className="flex flex-col gap-4">
        <CheckBox label={say('quietOn')} checked={quiet.on} onChange={(event) => put({ on: event.target.checked })} />
        {quiet.on ? (
          <>
            <div className="grid gap-3 sm:grid-cols-[8rem_8rem_1fr]">
              <Field label={say('from')} error={quietFault(draft) ? say('quietSame') : undefined}>{(parts) => <Input {...parts} type="time" required value={quiet.start} onChange={(event) => put({ start: event.target.value })} />}</Field>
              <Field label={say('to')}>{(parts) => <Input {...parts} type="time" required value={quiet.end} onChange={(event) => put({ end: event.target.value })} />}</Field>
              <Zone label={say('zone')} value={quiet.zone} onChange={(zone) => put({ zone })} />
            </div>
            <CheckBox label={say('pierces')} checked={quiet.pierces} onChange={(event) => put({ pierces: event.target.checked })} />
            <p role="status" className={`text-sm ${quiet.pierces ? 'text-muted' : 'text-warn'}`}>{quiet.pierces ? say('piercesYes') : say('piercesNo', { end: quiet.end })}</p>
          </>
        ) : null}
      </CardBody>
    </Card>
  );
};

const Digest = ({ draft, change }: Part) => {
  const say = useNotificationWords();
  const word = useNoticeWords();
  const { digest } = draft;
  const put = (next: Partial<Draft['digest']>) => change({ ...draft, digest: { ...digest, ...next } });
  return (
    <Card title={say('digest')} hint={say('digestText')}>
      <CardBody className="flex flex-col gap-4">
        <CheckBox label={say('digestOn')} checked={digest.on} onChange={(event) => put({ on: event.target.checked })} />
        {digest.on ? (
          <div className="grid gap-3 sm:grid-cols-[8rem_1fr_1fr]">
            <Field label={say('digestAt')}>{(parts) => <Input {...parts} type="time" required value={digest.at} onChange={(event) => put({ at: event.target.value })} />}</Field>
            <Zone label={say('zone')} value={digest.zone} onChange={(zone) => put({ zone })} />
            <Field label={say('below')}>{(parts) => <Select {...parts} value={digest.below} onChange={(event) => put({ below: event.target.value as Draft['digest']['below'] })}><option value="">{say('belowNone')}</option>{severities.slice(1).map((severity) => <option key={severity} value={severity}>{say('belowOne', { severity: word(severity) })}</option>)}</Select>}</Field>
          </div>
        ) : null}
      </CardBody>
    </Card>
  );
};

const PreferencesForm = ({ owner, view, onSaved }: { owner: Owner; view: PreferencesView; onSaved: () => void }) => {
  const say = useNotificationWords();
  const common = useCommon();
  const toast = useToast();
  const stepUp = useStepUp();
  const [draft, change] = useState(() => draftOf(view.preferences, ownZone()));
  const done = () => {
    toast({ tone: 'ok', title: say('saved') });
    onSaved();
  };
  const save = useMutation({ mutationFn: () => stepUp(() => savePreferences(owner, view.version, preferencesOf(draft))), onSuccess: done });
  const reset = useMutation({ mutationFn: () => stepUp(() => resetPreferences(owner, view.version)), onSuccess: done });
  const isOwn = view.source === (owner.principal === null ? 'tenant' : 'principal');
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {isOwn ? null : <Banner tone="info" title={view.source === 'tenant' ? say('fromTenant') : say('fromDefault')} />}
      <Channels draft={draft} change={change} />
      <Quiet draft={draft} change={change} />
      <Digest draft={draft} change={change} />
      <FailureLine cause={save.error ?? reset.error} />
      <div className="flex flex-wrap gap-2">
        <Button look="primary" type="submit" busy={save.isPending} disabled={quietFault(draft)}>{common('save')}</Button>
        {isOwn ? <Button busy={reset.isPending} onClick={() => reset.mutate()}>{say('reset')}</Button> : null}
        <CopyRequest method="PUT" path={preferencesPath(owner)} body={preferencesOf(draft)} />
      </div>
    </form>
  );
};

/** Which channels, from which severity on, and when not. */
export const PreferencesOf = ({ owner }: { owner: Owner }) => {
  const common = useCommon();
  const client = useQueryClient();
  const query = preferencesQuery(owner);
  const view = useQuery({ ...query, refetchOnWindowFocus: false });
  if (view.error) return <Failure cause={view.error} onRetry={() => void view.refetch()} />;
  if (!view.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  return <PreferencesForm key={`${owner.principal}-${view.data.source}-${view.data.version}`} owner={owner} view={view.data} onSaved={() => void client.invalidateQueries({ queryKey: query.queryKey })} />;
};

/** How this person wants to hear of things, and where. */
export const PreferencesPart = () => {
  const me = useSuspenseQuery(meQuery).data;
  return (
    <div className="mx-auto grid max-w-6xl items-start gap-4 p-5 xl:grid-cols-[1fr_24rem]">
      <PreferencesOf owner={{ tenant: me.tenant, principal: me.principal }} />
      <div className="flex flex-col gap-4"><Addresses /><Mutes /></div>
    </div>
  );
};
