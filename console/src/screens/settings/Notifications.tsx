import { AsOf, Badge, Banner, Button, Card, CardBody, CheckBox, Field, Input, Select, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { ifMatch } from '~/app/TwoKeys.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { route } from './screen.ts';
import { useSettingsWords } from './words.ts';

type Preferences = Schemas['NotificationPreferences'];
type View = Schemas['NotificationPreferencesView'];
type Whose = 'me' | 'tenant';

const channels = ['in_app', 'email', 'sms', 'webhook'] as const;
const severities = ['info', 'warning', 'error', 'critical'] as const;

const pathOf = (me: Schemas['MeView'], whose: Whose) => `/v1/tenants/${me.tenant}/notification-preferences${whose === 'me' ? `/${me.principal}` : ''}`;

const Form = ({ me, whose, view }: { me: Schemas['MeView']; whose: Whose; view: View }) => {
  const say = useSettingsWords();
  const toast = useToast();
  const client = useQueryClient();
  const [form, setForm] = useState<Preferences>(view.preferences);
  const quiet = form.quiet_hours ?? null;
  const rowOf = (channel: string) => form.channels.find((one) => one.channel === channel);
  const put = (channel: string, change: { enabled?: boolean; severity_threshold?: string }) => {
    const old = rowOf(channel) ?? { channel, enabled: false, severity_threshold: 'info' };
    setForm({ ...form, channels: [...form.channels.filter((one) => one.channel !== channel), { ...old, ...change }] });
  };
  const done = (title: string) => async () => {
    toast({ tone: 'ok', title });
    await client.invalidateQueries({ queryKey: ['notification-preferences'] });
  };
  const header = () => ({ 'Idempotency-Key': newKey() });
  const save = useMutation({
    mutationFn: () => (whose === 'me' ? bodyOf(api.PUT('/v1/tenants/{id}/notification-preferences/{principal}', { params: { path: { id: me.tenant, principal: me.principal }, header: header() }, body: form, headers: ifMatch(view.version) })) : bodyOf(api.PUT('/v1/tenants/{id}/notification-preferences', { params: { path: { id: me.tenant }, header: header() }, body: form, headers: ifMatch(view.version) }))),
    onSuccess: done(say('saved')),
  });
  const reset = useMutation({
    mutationFn: async () => void (whose === 'me' ? await api.DELETE('/v1/tenants/{id}/notification-preferences/{principal}', { params: { path: { id: me.tenant, principal: me.principal }, header: header() }, headers: ifMatch(view.version) }) : await api.DELETE('/v1/tenants/{id}/notification-preferences', { params: { path: { id: me.tenant }, header: header() }, headers: ifMatch(view.version) })),
    onSuccess: done(say('wasReset')),
  });
  const isOwn = view.source === (whose === 'me' ? 'principal' : 'tenant');
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      <Card title={say('channels')} hint={say('channelsHint')} actions={<><Badge tone={isOwn ? 'accent' : 'neutral'}>{say('source', { source: view.source })}</Badge><CopyRequest method="PUT" path={pathOf(me, whose)} body={form} /></>}>
        <ul className="divide-y divide-line">
          {channels.map((channel) => {
            const row = rowOf(channel);
            return (
              <li key={channel} className="flex flex-wrap items-center gap-3 px-4 py-2.5">
                <CheckBox label={say(channel)} checked={row?.enabled ?? false} onChange={(event) => put(channel, { enabled: event.target.checked })} className="min-w-40" />
                <label className="ms-auto flex items-center gap-2 text-sm text-muted">{say('atLeast')}<Select aria-label={`${say(channel)}: ${say('atLeast')}`} value={row?.severity_threshold ?? 'info'} disabled={!row?.enabled} onChange={(event) => put(channel, { severity_threshold: event.target.value })} className="h-8 w-auto text-sm">{severities.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select></label>
              </li>
            );
          })}
        </ul>
      </Card>
      <Card title={say('quietHours')} hint={say('quietHint')}>
        <CardBody className="flex flex-col gap-4">
          <CheckBox label={say('quietOn')} checked={quiet !== null} onChange={(event) => setForm({ ...form, quiet_hours: event.target.checked ? { start: '22:00', end: '07:00', critical_pierces: true, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone } : null })} />
          {quiet ? (
            <div className="grid gap-4 sm:grid-cols-3">
              <Field label={say('quietFrom')}>{(parts) => <Input {...parts} type="time" required value={quiet.start} onChange={(event) => setForm({ ...form, quiet_hours: { ...quiet, start: event.target.value } })} />}</Field>
              <Field label={say('quietTo')}>{(parts) => <Input {...parts} type="time" required value={quiet.end} onChange={(event) => setForm({ ...form, quiet_hours: { ...quiet, end: event.target.value } })} />}</Field>
              <Field label={say('zone')}>{(parts) => <><Input {...parts} list="zones" required value={quiet.time_zone} onChange={(event) => setForm({ ...form, quiet_hours: { ...quiet, time_zone: event.target.value } })} /><datalist id="zones">{Intl.supportedValuesOf('timeZone').map((zone) => <option key={zone} value={zone} />)}</datalist></>}</Field>
              <CheckBox label={say('criticalPierces')} checked={quiet.critical_pierces} onChange={(event) => setForm({ ...form, quiet_hours: { ...quiet, critical_pierces: event.target.checked } })} className="sm:col-span-3" />
            </div>
          ) : null}
        </CardBody>
      </Card>
      <FailureLine cause={save.error ?? reset.error} />
      <div className="flex flex-wrap gap-2"><Button look="primary" type="submit" busy={save.isPending}>{say('save')}</Button>{isOwn ? <Button busy={reset.isPending} onClick={() => reset.mutate()}>{say('resetPreferences')}</Button> : null}</div>
    </form>
  );
};

/** Which channels, from which severity on, and when not. */
export const Notifications = ({ me }: { me: Schemas['MeView'] }) => {
  const say = useSettingsWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const isAdmin = me.capabilities.includes('tenant:admin');
  const { whose: wanted = 'me' } = route.useSearch();
  const whose: Whose = isAdmin ? wanted : 'me';
  const view = useQuery({
    queryKey: ['notification-preferences', whose],
    queryFn: () => (whose === 'me' ? bodyOf(api.GET('/v1/tenants/{id}/notification-preferences/{principal}', { params: { path: { id: me.tenant, principal: me.principal } } })) : bodyOf(api.GET('/v1/tenants/{id}/notification-preferences', { params: { path: { id: me.tenant } } }))),
  });
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <div className="flex flex-wrap items-center gap-3">{isAdmin ? <Select aria-label={say('whose')} value={whose} onChange={(event) => void go({ search: (old) => ({ ...old, whose: event.target.value as Whose }), replace: true })} className="h-8 w-auto text-sm"><option value="me">{say('mine')}</option><option value="tenant">{say('ofTenant')}</option></Select> : null}<span className="ms-auto"><AsOf at={view.dataUpdatedAt ? new Date(view.dataUpdatedAt) : null} locale={lang} /></span></div>
      <Banner tone="info" title={say('notSent')}>{say('notSentText')}</Banner>
      {view.error ? <Failure cause={view.error} onRetry={() => void view.refetch()} /> : !view.data ? <p role="status" className="text-muted">{common('loading')}</p> : <Form key={`${whose} ${view.data.source} ${view.data.version}`} me={me} whose={whose} view={view.data} />}
    </div>
  );
};
