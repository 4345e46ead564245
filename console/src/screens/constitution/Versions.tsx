import { Badge, Button, Card, CardBody, EmptyState, Select, useToast, VirtualList } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { api, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { DiffList } from '~/app/diff/DiffList.tsx';
import { Failure } from '~/app/Failure.tsx';
import { approvalHeader, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { diffQuery, versionsQuery } from './queries.ts';
import { route, scopes, versionStates } from './screen.ts';
import { useConstitutionWords } from './words.ts';

type Step = { kind: 'activate' | 'rollback'; version: number };

const stateTone = { active: 'ok', candidate: 'info', superseded: 'neutral' } as const;

/** Every version that was loaded; a candidate becomes active and an old one comes back by two people. */
export const Versions = ({ inherited, me }: { inherited: boolean; me: Schemas['MeView'] }) => {
  const say = useConstitutionWords();
  const common = useCommon();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const go = route.useNavigate();
  const search = route.useSearch();
  const { scope = inherited ? 'installation' : 'tenant', state } = search;
  const list = useInfiniteQuery(versionsQuery(scope));
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const shown = all.filter((one) => !state || one.state === state);
  const to = search.to ?? all[0]?.version;
  const from = search.from ?? all[1]?.version;
  const diff = useQuery({ ...diffQuery(scope, from ?? 0, to ?? 0), enabled: from !== undefined && to !== undefined });
  const mayChange = me.capabilities.includes('constitution:load') && (scope === 'tenant' || me.capabilities.includes('platform:admin'));
  const sent = scope === 'installation' ? { scope } : {};
  const keys = useTwoKeys(
    async (step: Step, approval) => {
      const options = { params: { header: { 'Idempotency-Key': newKey() } }, headers: approvalHeader(approval) };
      return step.kind === 'activate' ? (await api.POST('/v1/constitution/activate', { body: { version: step.version, ...sent }, ...options })).data! : (await api.POST('/v1/constitution/rollback', { body: { to: step.version, ...sent }, ...options })).data!;
    },
    (now) => {
      toast({ tone: 'ok', title: say('governsNow', { n: now.version }) });
      void client.invalidateQueries({ queryKey: ['constitution'] });
    },
  );
  const set = (change: { scope?: (typeof scopes)[number]; state?: (typeof versionStates)[number]; from?: number; to?: number }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const pick = (label: string, value: number | undefined, onChange: (version: number) => void) => <Select aria-label={label} value={value ?? ''} onChange={(event) => onChange(Number(event.target.value))} className="h-8 w-auto text-sm">{all.map((one) => <option key={one.version} value={one.version}>{say('version', { n: one.version })}</option>)}</Select>;
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <TwoKeys keys={keys} />
      <Card title={say('versionsTab')} actions={<div className="flex flex-wrap items-center gap-2">
        <Select aria-label={say('scope')} value={scope} onChange={(event) => set({ scope: event.target.value as 'tenant', from: undefined, to: undefined })} className="h-8 w-auto text-sm">{scopes.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('state')} value={state ?? ''} onChange={(event) => set({ state: versionStates.find((one) => one === event.target.value) })} className="h-8 w-auto text-sm"><option value="">{say('anyState')}</option>{versionStates.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <CopyRequest method="GET" path={`/v1/constitution/versions?scope=${scope}`} cli={`soma constitution versions --scope ${scope}`} />
      </div>}>
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : shown.length === 0 ? (
          all.length === 0 ? <EmptyState icon={<History />} title={say('noVersions')} action={scope === 'tenant' ? <Button size="sm" onClick={() => set({ scope: 'installation' })}>{say('showInstallation')}</Button> : null}>{say('noVersionsText')}</EmptyState> : <EmptyState icon={<History />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ state: undefined })}>{common('clear')}</Button>} />
        ) : (
          <VirtualList label={say('versionsTab')} rows={shown} rowId={(one) => one.version} rowHeight={44} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="max-h-96 overflow-y-auto" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
            {(one) => (
              <>
                <span className="font-medium tabular-nums">{say('version', { n: one.version })}</span><Badge tone={stateTone[one.state as 'active'] ?? 'neutral'}>{one.state in stateTone ? say(one.state as 'active') : one.state}</Badge>{one.rollback_of ? <Badge>{say('rollbackOf', { n: one.rollback_of })}</Badge> : null}
                <span className="text-sm text-muted">{say('loadedBy', { who: one.loaded_by, when: instant(lang).format(new Date(one.loaded_at)) })}{one.activated_by ? ` · ${say('activatedBy', { who: one.activated_by })}` : ''} · {say('signatureCount', { n: one.signatures.length })}</span>
                <code className="font-mono text-xs text-muted" title={one.hash}>{one.hash.slice(0, 12)}</code>
                {mayChange && one.state !== 'active' ? <Button size="sm" className="ms-auto" disabled={keys.asked !== null} busy={keys.busy} onClick={() => keys.ask({ kind: one.state === 'candidate' ? 'activate' : 'rollback', version: one.version })} aria-label={`${one.state === 'candidate' ? say('activate') : say('rollback')}: ${one.version}`}>{one.state === 'candidate' ? say('activate') : say('rollback')}</Button> : null}
              </>
            )}
          </VirtualList>
        )}
        {list.hasNextPage ? <CardBody><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button></CardBody> : null}
      </Card>
      {all.length > 0 ? (
        <Card title={say('compare')} actions={from === undefined ? null : <div className="flex flex-wrap items-center gap-2">{pick(say('from'), from, (version) => set({ from: version }))}<span aria-hidden>→</span>{pick(say('to'), to, (version) => set({ to: version }))}</div>}>
          <CardBody>{diff.error ? <Failure cause={diff.error} compact /> : from === undefined ? <EmptyState title={say('oneVersion')} className="py-6" /> : diff.data ? <DiffList changes={diff.data.changes} /> : <p role="status" className="text-muted">{common('loading')}</p>}</CardBody>
        </Card>
      ) : null}
    </div>
  );
};
