import { AsOf, Badge, Button, Card, EmptyState, KpiTile, Select, StatusLed, Table, Unknown, useToast } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Archive, Layers } from 'lucide-react';
import { api, bodyOf } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { tileOf } from '~/app/tile.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { bufferQuery, indexQuery, writesQuery, type Buffered } from './queries.ts';
import { bufferStates, route } from './screen.ts';
import { useMemoryWords } from './words.ts';

const stateTone = { queued: 'warn', dead: 'bad', done: 'ok' } as const;
const toneOf = (state: string) => stateTone[state as keyof typeof stateTone] ?? 'neutral';

const Writes = ({ may }: { may: boolean }) => {
  const say = useMemoryWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const toast = useToast();
  const go = route.useNavigate();
  const client = useQueryClient();
  const { state } = route.useSearch();
  const list = useInfiniteQuery(writesQuery(state));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (to: string | undefined) => void go({ to: '/memories', search: (old) => ({ ...old, state: to as typeof state }), replace: true });
  const replay = useMutation({
    mutationFn: (id: string) => bodyOf(api.POST('/v1/outbox/dead-letters/{id}/replay', { params: { path: { id } } })),
    onSuccess: () => toast({ tone: 'ok', title: say('replayed') }),
    onSettled: () => client.invalidateQueries({ queryKey: ['memory'] }),
  });
  const word = (one: string) => (one === 'queued' || one === 'done' ? say(one) : one === 'dead' ? say('deadOne') : one);
  return (
    <Card title={say('writes')} actions={<><Select aria-label={say('state')} value={state ?? ''} onChange={(event) => set(event.target.value || undefined)} className="h-8 w-auto border-line text-sm"><option value="">{say('anyState')}</option>{bufferStates.map((one) => <option key={one} value={one}>{word(one)}</option>)}</Select><CopyRequest method="GET" path={`/v1/outbox${state ? `?state=${state}` : ''}`} /></>}>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} compact /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : (
        <Table label={say('writes')} rows={rows} rowId={(row) => row.item_id}
          empty={state ? <EmptyState icon={<Archive />} title={say('noState')} action={<Button size="sm" onClick={() => set(undefined)}>{common('clear')}</Button>} className="py-8" /> : <EmptyState icon={<Archive />} title={say('noWrites')} className="py-8">{say('noWritesText')}</EmptyState>}
          columns={[
            { id: 'op', header: say('op'), cell: (row) => <span className="font-normal">{row.op} <span className="font-mono text-xs text-muted">{row.id}</span></span> },
            { id: 'state', header: say('state'), cell: (row) => <Badge tone={toneOf(row.state)}>{word(row.state)}</Badge> },
            { id: 'accepted', header: say('accepted'), cell: (row) => relativeTime(new Date(row.accepted_at), lang) },
            { id: 'tries', header: say('tries'), cell: (row) => number.whole(row.attempts), end: true },
            { id: 'error', header: say('lastError'), cell: (row) => <span className="text-sm text-muted">{row.last_error}</span>, wrap: true },
            ...(may ? [{ id: 'act', header: '', cell: (row: Buffered) => (row.state === 'dead' ? <Button size="sm" look="quiet" busy={replay.isPending && replay.variables === row.item_id} onClick={() => replay.mutate(row.item_id)}>{say('replay')}</Button> : null) }] : []),
          ]} />
      )}
      <div className="flex gap-2 px-4 py-1 empty:hidden">{list.hasNextPage ? <Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button> : null}<FailureLine cause={replay.error} /></div>
    </Card>
  );
};

const Index = ({ may }: { may: boolean }) => {
  const say = useMemoryWords();
  const lang = useLanguage();
  const number = useNumbers();
  const toast = useToast();
  const client = useQueryClient();
  const index = useQuery(indexQuery);
  const verify = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/memory/index/verify')),
    onSettled: () => client.invalidateQueries({ queryKey: indexQuery.queryKey }),
    onSuccess: (answer) => toast({ tone: 'ok', title: say('compared', { n: number.whole(answer.data.reduce((sum, one) => sum + one.differing, 0)) }) }),
  });
  return (
    <Card title={say('index')} hint={say('indexHint')} actions={<><AsOf at={index.dataUpdatedAt ? new Date(index.dataUpdatedAt) : null} locale={lang} />{may ? <Button size="sm" busy={verify.isPending} onClick={() => verify.mutate()}>{say('compare')}</Button> : null}<CopyRequest method="GET" path="/v1/memory/index" /></>}>
      {index.error ? <Failure cause={index.error} onRetry={() => void index.refetch()} compact /> : (
        <Table label={say('index')} rows={index.data?.data ?? []} rowId={(row) => row.namespace} empty={<EmptyState icon={<Layers />} title={say('noIndex')} className="py-8">{say('noIndexText')}</EmptyState>}
          columns={[
            { id: 'namespace', header: say('namespace'), cell: (row) => <span className="font-mono text-xs">{row.namespace}</span> },
            { id: 'loaded', header: say('state'), cell: (row) => <StatusLed state={row.loaded ? (row.pending > 0 ? 'degraded' : 'ok') : 'unknown'} label={row.loaded ? say('loaded') : say('notLoaded')} /> },
            { id: 'rows', header: say('rows'), cell: (row) => number.whole(row.memories), end: true },
            { id: 'vectors', header: say('vectors'), cell: (row) => number.whole(row.vectors), end: true },
            { id: 'pending', header: say('pending'), cell: (row) => number.whole(row.pending), end: true },
            { id: 'lag', header: say('lag'), cell: (row) => number.seconds(row.lag_seconds), end: true },
            { id: 'differ', header: say('differ'), cell: (row) => (row.divergence === null ? <Unknown reason={say('notCompared')} quiet /> : number.whole(row.divergence)), end: true },
          ]} />
      )}
      <div className="px-4 py-1 empty:hidden"><FailureLine cause={verify.error} /></div>
    </Card>
  );
};

/** What waits on its way into memory, and how far the index is. */
export const BufferPart = () => {
  const say = useMemoryWords();
  const number = useNumbers();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes('memory:write');
  const status = useQuery(bufferQuery);
  const source = 'GET /v1/outbox/status';
  const tile = (value: (data: NonNullable<typeof status.data>) => string | null, none = say('notRead')) => tileOf(status, value, none, say('notRead'));
  return (
    <div className="flex flex-col gap-5 p-5">
      <h2 className="sr-only">{say('buffer')}</h2>
      <div className="grid gap-4 sm:grid-cols-3 xl:grid-cols-6">
        <KpiTile label={say('brain')} source={source} state={tile((now) => now.brain.replaceAll('_', ' '))} />
        <KpiTile label={say('waiting')} source={source} state={tile((now) => number.whole(now.depth))} />
        <KpiTile label={say('oldest')} source={source} state={tile((now) => (now.oldest_age_seconds === null ? null : number.seconds(now.oldest_age_seconds)), say('nothingWaits'))} />
        <KpiTile label={say('rate')} source={source} state={tile((now) => number.decimal(now.replay_rate))} />
        <KpiTile label={say('size')} source={source} state={tile((now) => number.bytes(now.bytes))} />
        <KpiTile label={say('dead')} source={source} state={tile((now) => number.whole(now.dead_letters))} />
      </div>
      <Writes may={may} />
      <Index may={may} />
    </div>
  );
};
