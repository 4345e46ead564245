import { Badge, Button, Card, CardBody, EmptyState, Select, useToast, VirtualList } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { DiffList } from '~/app/diff/DiffList.tsx';
import { jsonDiff } from '~/app/diff/jsonDiff.ts';
import { Failure } from '~/app/Failure.tsx';
import { approvalHeader, ifMatch, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { versionQuery, versionsQuery } from './queries.ts';
import { route } from './screen.ts';
import { usePolicyWords } from './words.ts';

/** Two versions and what lies between them; an old one comes back as a new one, with two keys. */
export const Versions = ({ current, mayWrite }: { current: number; mayWrite: boolean }) => {
  const say = usePolicyWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const toast = useToast();
  const client = useQueryClient();
  const list = useInfiniteQuery(versionsQuery);
  const versions = list.data?.pages.flatMap((page) => page.data) ?? [];
  const search = route.useSearch();
  const to = search.to ?? versions[0]?.version;
  const from = search.from ?? versions[1]?.version;
  const one = useQuery({ ...versionQuery(from ?? 0), enabled: from !== undefined });
  const other = useQuery({ ...versionQuery(to ?? 0), enabled: to !== undefined });
  const keys = useTwoKeys(
    async (version: number, approval) => (await api.POST('/v1/policies/versions/{version}/restore', { params: { path: { version }, header: { 'Idempotency-Key': newKey() } }, headers: { ...ifMatch(current), ...approvalHeader(approval) } })).data!,
    () => {
      toast({ tone: 'ok', title: say('inForce') });
      void client.invalidateQueries({ queryKey: ['policies'] });
    },
  );
  const set = (change: { from?: number; to?: number }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const pick = (label: string, value: number | undefined, onChange: (version: number) => void) => <Select aria-label={label} value={value ?? ''} onChange={(event) => onChange(Number(event.target.value))} className="h-8 w-auto text-sm">{versions.map((version) => <option key={version.version} value={version.version}>{say('version', { n: version.version })}</option>)}</Select>;
  if (list.error) return <Failure cause={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  if (versions.length === 0) return <EmptyState icon={<History />} title={say('noVersions')}>{say('noVersionsText')}</EmptyState>;
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <TwoKeys keys={keys} />
      <Card title={say('versions')} actions={<CopyRequest method="GET" path="/v1/policies/versions" cli="soma policy versions" />}>
        <VirtualList label={say('versions')} rows={versions} rowId={(version) => version.version} rowHeight={40} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="max-h-96 overflow-y-auto" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
          {(version) => (
            <>
              <span className="font-medium tabular-nums">{say('version', { n: version.version })}</span>{version.version === current ? <Badge tone="ok">{say('governs')}</Badge> : null}
              <span className="text-sm text-muted">{version.created_by} · <time dateTime={version.created_at}>{instant(lang).format(new Date(version.created_at))}</time></span>
              <code className="font-mono text-xs text-muted" title={version.hash}>{version.hash.slice(0, 12)}</code>
              {mayWrite && version.version !== current ? <Button size="sm" className="ms-auto" busy={keys.busy} disabled={keys.asked !== null} onClick={() => keys.ask(version.version)} aria-label={`${say('restore')}: ${version.version}`}>{say('restore')}</Button> : null}
            </>
          )}
        </VirtualList>
        {list.hasNextPage ? <CardBody><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button></CardBody> : null}
      </Card>
      <Card title={say('compare')} actions={from === undefined ? null : <div className="flex flex-wrap items-center gap-2">{pick(say('from'), from, (version) => set({ from: version }))}<span aria-hidden>→</span>{pick(say('to'), to, (version) => set({ to: version }))}</div>}>
        <CardBody>{one.error || other.error ? <Failure cause={one.error ?? other.error} compact /> : from === undefined ? <EmptyState title={say('oneVersion')} className="py-6" /> : one.data && other.data ? <DiffList changes={jsonDiff(one.data, other.data)} /> : <p role="status" className="text-muted">{common('loading')}</p>}</CardBody>
      </Card>
    </div>
  );
};
