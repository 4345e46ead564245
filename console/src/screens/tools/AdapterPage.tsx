import { AsOf, Badge, Banner, Button, JsonView, Tabs, Unknown, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useState } from 'react';
import { api, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { PageHead } from '~/app/PageHead.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { AdapterStatus, Risk } from './badges.tsx';
import { CallForm } from './CallForm.tsx';
import { Calls } from './Calls.tsx';
import { adapterQuery, manifestOf, type AdapterView } from './queries.ts';
import { ReasonDialog } from './ReasonDialog.tsx';
import { adapterParts, route } from './screen.ts';
import { Secrets } from './Secrets.tsx';
import { Versions } from './Versions.tsx';
import { useToolWords } from './words.ts';

const Actions = ({ view, onCall }: { view: AdapterView; onCall: (action: string) => void }) => {
  const say = useToolWords();
  const number = useNumbers();
  const manifest = manifestOf(view);
  const { adapter } = view;
  const list = (all: readonly string[] | undefined, none: string) => (all?.length ? <span className="flex flex-wrap gap-1">{all.map((one) => <Badge key={one} className="font-mono whitespace-normal break-all">{one}</Badge>)}</span> : none);
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-5 p-5 max-sm:p-3">
      <Facts facts={[
        [say('permissions'), list(manifest.permissions, say('noPermissions'))], [say('egress'), list(manifest.egress, say('noEgress'))], [say('limits'), adapter.rate_limit_per_minute === null ? <Unknown reason={say('noActions')} quiet /> : say('perMinute', { n: number.whole(adapter.rate_limit_per_minute) })],
        [say('price'), adapter.billing ? `${adapter.billing.cost_per_call} ${adapter.billing.currency}` : say('free')], adapter.signature ? [say('signedBy'), <code className="font-mono text-xs break-all">{adapter.signature.key_id}</code>] : null, adapter.manifest_digest ? [say('digest'), <code className="font-mono text-xs break-all">{adapter.manifest_digest}</code>] : null,
      ]} />
      {manifest.actions?.length ? (
        <ul aria-label={say('actions')} className="flex flex-col divide-y divide-line rounded-lg border border-line bg-surface shadow-card">
          {manifest.actions.map((action) => (
            <li key={action.name} className="flex flex-col gap-2 px-4 py-3">
              <div className="flex flex-wrap items-center gap-2"><h2 className="font-mono text-sm font-medium">{action.name}</h2>{action.risk ? <Risk risk={action.risk} /> : null}<Badge>{action.read_only ? say('readOnly') : action.idempotent ? say('idempotent') : say('once')}</Badge>{adapter.status === 'enabled' ? <Button size="sm" className="ms-auto" aria-label={`${say('callThis')} ${action.name}`} onClick={() => onCall(action.name)}>{say('callThis')}</Button> : null}</div>
              {action.description ? <p className="text-sm">{action.description}</p> : null}
              <details><summary className="cursor-pointer text-sm text-muted">{say('input')}</summary><JsonView value={action.input ?? {}} label={`${action.name}: ${say('input')}`} className="mt-1 max-h-80" /></details>
              {action.output === undefined ? <p className="text-sm text-muted">{say('noOutput')}</p> : <details><summary className="cursor-pointer text-sm text-muted">{say('output')}</summary><JsonView value={action.output} label={`${action.name}: ${say('output')}`} className="mt-1 max-h-80" /></details>}
            </li>
          ))}
        </ul>
      ) : <p className="text-sm text-muted">{say('noActions')}</p>}
      {view.manifest === null ? null : <details><summary className="cursor-pointer text-sm text-muted">{say('manifest')}</summary><JsonView value={view.manifest} label={say('manifest')} className="mt-1 max-h-96" /></details>}
    </div>
  );
};

const Switch = ({ view }: { view: AdapterView }) => {
  const say = useToolWords();
  const toast = useToast();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { id, status } = view.adapter;
  const reread = () => client.invalidateQueries({ queryKey: ['tools'] });
  const enable = useMutation({ mutationFn: (key: string) => api.POST('/v1/adapters/{id}/enable', { params: { path: { id }, header: { 'Idempotency-Key': key } } }), onSuccess: () => toast({ tone: 'ok', title: say('switched') }), onSettled: reread });
  if (status === 'proposed') return null;
  if (status === 'disabled') return <><Button size="sm" busy={enable.isPending} onClick={() => enable.mutate(newKey())}>{say('enable')}</Button><FailureLine cause={enable.error} /></>;
  return (
    <>
      <Button size="sm" look="danger" onClick={() => setAsking(true)}>{say('disable')}</Button>
      {asking ? <ReasonDialog title={say('disableTitle')} text={say('disableText')} button={say('disableNow')} done={say('switched')} required={false} path={`/v1/adapters/${id}/disable`} cli={(reason) => `soma tool disable ${id} --reason '${reason}'`} onClose={() => setAsking(false)} act={(reason, key) => api.POST('/v1/adapters/{id}/disable', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { reason: reason || null } })} /> : null}
    </>
  );
};

/** One adapter: what it may do, a form to call it, what was called, its versions and its secrets. */
export const AdapterPage = ({ id, me }: { id: string; me: Schemas['MeView'] }) => {
  const say = useToolWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { part = 'actions', action } = route.useSearch();
  const view = useQuery(adapterQuery(id));
  const manages = me.capabilities.includes('tool:manage');
  const set = (change: { part?: (typeof adapterParts)[number]; action?: string; call?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const back = <Link to="/tools/{-$adapter}" params={{ adapter: undefined }} search={{}} className="inline-flex items-center gap-1 text-sm underline"><ArrowLeft aria-hidden className="size-3.5 rtl:-scale-x-100" />{say('back')}</Link>;
  if (view.error && !view.data) return <><PageHead title={id} actions={back} /><Failure cause={view.error} onRetry={() => void view.refetch()} /></>;
  if (!view.data) return <><PageHead title={id} actions={back} /><p role="status" className="p-6 text-muted">{common('loading')}</p></>;
  const { adapter } = view.data;
  const content = {
    actions: () => <Actions view={view.data} onCall={(name) => set({ part: 'call', action: name })} />,
    call: () => <CallForm view={view.data} action={action} onAction={(name) => set({ action: name })} />,
    calls: () => <Calls id={id} onOpen={(call) => set({ call })} />,
    versions: () => <Versions view={view.data} manages={manages} />,
    secrets: () => <Secrets view={view.data} manages={manages} />,
  };
  return (
    <>
      <PageHead title={id} hint={adapter.summary ?? undefined} live={<span className="flex flex-wrap items-center gap-2"><AdapterStatus status={adapter.status} /><Badge>{adapter.kind}</Badge>{adapter.version ? <Badge>{adapter.version}</Badge> : null}<AsOf at={new Date(view.dataUpdatedAt)} locale={lang} /></span>} actions={<>{manages ? <Switch view={view.data} /> : null}<CopyRequest method="GET" path={`/v1/adapters/${id}`} cli={`soma tool show ${id}`} />{back}</>} />
      {adapter.reason ? <Banner tone="warn" title={say('unavailableTitle')} className="m-4 mb-0">{adapter.reason}</Banner> : null}
      <Tabs label={id} value={part} onChange={(next) => set({ part: next as (typeof adapterParts)[number] })} tabs={adapterParts.map((one) => ({ id: one, label: say(one), content: part === one ? content[one]() : null }))} />
    </>
  );
};
