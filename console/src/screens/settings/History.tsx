import { AsOf, Badge, Button, Card, CardBody, EmptyState, Select, useToast, VirtualList } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { History as HistoryIcon } from 'lucide-react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { DiffList } from '~/app/diff/DiffList.tsx';
import { Failure } from '~/app/Failure.tsx';
import { approvalHeader, ifMatch, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { route } from './screen.ts';
import { useSettingsWords } from './words.ts';
import { settingsQuery } from './Values.tsx';

const pageSize = 50;

/** Every version of the settings; an old one comes back as a new one, checked by today's rules. */
export const History = () => {
  const say = useSettingsWords();
  const common = useCommon();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const go = route.useNavigate();
  const search = route.useSearch();
  const current = useQuery(settingsQuery('tenant'));
  const list = useInfiniteQuery({
    queryKey: ['settings', 'history'],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/settings/history', { params: { query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const shown = all.filter((one) => !search.by || one.changed_by === search.by);
  const people = [...new Set(all.flatMap((one) => one.changed_by ?? []))].sort();
  const to = search.to ?? all[0]?.version;
  // Version 0 are the defaults, which every history begins with.
  const from = search.from ?? (all.length > 0 ? (all[1]?.version ?? 0) : undefined);
  const diff = useQuery({ queryKey: ['settings', 'diff', from, to], queryFn: () => bodyOf(api.GET('/v1/settings/diff', { params: { query: { from: from!, to: to! } } })), enabled: from !== undefined && to !== undefined, staleTime: Infinity });
  const keys = useTwoKeys(
    async (version: number, approval) => (await api.POST('/v1/settings/history/{version}/restore', { params: { path: { version }, header: { 'Idempotency-Key': newKey() } }, headers: { ...ifMatch(current.data!.version), ...approvalHeader(approval) } })).data!,
    () => {
      toast({ tone: 'ok', title: say('saved') });
      void client.invalidateQueries({ queryKey: ['settings'] });
    },
  );
  const set = (change: { by?: string; from?: number; to?: number }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const pick = (label: string, value: number | undefined, onChange: (version: number) => void) => <Select aria-label={label} value={value ?? ''} onChange={(event) => onChange(Number(event.target.value))} className="h-8 w-auto text-sm">{[...all.map((one) => one.version), 0].map((version) => <option key={version} value={version}>{version === 0 ? say('defaults') : say('version', { n: version })}</option>)}</Select>;
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <TwoKeys keys={keys} />
      <Card title={say('history')} actions={<div className="flex flex-wrap items-center gap-2"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><Select aria-label={say('by')} value={search.by ?? ''} onChange={(event) => set({ by: event.target.value || undefined })} className="h-8 w-auto text-sm"><option value="">{say('anybody')}</option>{people.map((one) => <option key={one}>{one}</option>)}</Select></div>}>
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : shown.length === 0 ? (
          all.length === 0 ? <EmptyState icon={<HistoryIcon />} title={say('noHistory')}>{say('noHistoryText')}</EmptyState> : <EmptyState icon={<HistoryIcon />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ by: undefined })}>{common('clear')}</Button>} />
        ) : (
          <VirtualList label={say('history')} rows={shown} rowId={(one) => one.version} rowHeight={44} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="max-h-96 overflow-y-auto" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
            {(one) => (
              <>
                <span className="font-medium tabular-nums">{say('version', { n: one.version })}</span>{one.version === current.data?.version ? <Badge tone="ok">{say('holds')}</Badge> : null}{one.restored_from === null ? null : <Badge>{say('restoredFrom', { n: one.restored_from })}</Badge>}
                <span className="text-sm text-muted">{one.changed_by ?? `— ${say('whoUnknown')}`} · <time dateTime={one.changed_at}>{instant(lang).format(new Date(one.changed_at))}</time></span>
                {current.data && one.version !== current.data.version ? <Button size="sm" className="ms-auto" disabled={keys.asked !== null} busy={keys.busy} onClick={() => keys.ask(one.version)} aria-label={`${say('restore')}: ${one.version}`}>{say('restore')}</Button> : null}
              </>
            )}
          </VirtualList>
        )}
        {list.hasNextPage ? <CardBody><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button></CardBody> : null}
      </Card>
      {all.length > 0 ? <Card title={say('compare')} actions={<div className="flex flex-wrap items-center gap-2">{pick(say('from'), from, (version) => set({ from: version }))}<span aria-hidden>→</span>{pick(say('to'), to, (version) => set({ to: version }))}</div>}><CardBody>{diff.error ? <Failure cause={diff.error} compact /> : diff.data ? <DiffList changes={diff.data.changes} /> : <p role="status" className="text-muted">{common('loading')}</p>}</CardBody></Card> : null}
    </div>
  );
};
