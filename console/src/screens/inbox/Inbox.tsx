import { ApprovalCard, AsOf, Badge, Button, DataTable, EmptyState, Select, useToast, type Column } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Inbox as InboxIcon } from 'lucide-react';
import { useRef } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useKeys } from '~/app/keys.ts';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { approvalQuery } from '../chat/queries.ts';
import { approvalOf, personKeyOf, type ApprovalLine } from './approval.ts';
import { approvalStates, route } from './screen.ts';
import { useInboxWords } from './words.ts';

const pageSize = 50;
const pollMs = 5_000;

/** One approval, with the buttons for whoever may decide it. */
const Detail = ({ id, onDecided }: { id: string; onDecided: () => void }) => {
  const say = useInboxWords();
  const lang = useLanguage();
  const me = useSuspenseQuery(meQuery).data;
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const place = useRef<HTMLDivElement>(null);
  const view = useQuery({ ...approvalQuery(id), refetchInterval: pollMs });
  const decide = useMutation({
    mutationFn: ({ decision, comment, key }: { decision: 'approve' | 'reject'; comment: string; key: string }) =>
      stepUp(() => bodyOf(api.POST('/v1/approvals/{id}/decision', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { decision, digest: view.data!.approval.digest, comment: comment || null } }))),
    onSuccess: (answer, { decision }) => {
      toast({ tone: 'ok', title: say('decided', { decision: say(decision) }), detail: say('decidedCount', { n: answer.decisions_last_hour }) });
      onDecided();
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['approvals'] }), client.invalidateQueries({ queryKey: ['approval', id] })]),
  });
  const press = (which: string) => place.current?.querySelector<HTMLButtonElement>(`[data-decide="${which}"]`)?.click();
  useKeys({ a: () => press('approve'), r: () => press('reject') });
  if (view.error) return <Failure cause={view.error} onRetry={() => void view.refetch()} />;
  if (!view.data) return <p role="status" className="p-6 text-muted">…</p>;
  const may = me.capabilities.includes('approval:decide');
  return (
    <div ref={place} className="flex flex-col gap-3 p-4">
      <ApprovalCard key={id} approval={approvalOf(view.data, me.principal, say, lang)} busy={decide.isPending ? decide.variables.decision : null} onDecide={may ? (decision, comment) => decide.mutate({ decision, comment, key: newKey() }) : undefined}
        extra={<><FailureLine cause={decide.error} />{may ? null : <p className="text-sm text-muted">{say('cannot')} <code className="font-mono">approval:decide</code></p>}</>} />
      <div className="flex flex-wrap items-center gap-3"><CopyRequest method="GET" path={`/v1/approvals/${id}`} cli={`soma approval show ${id}`} />{me.capabilities.includes('audit:read') ? <Link to="/audit" search={{ q: id }} className="text-sm underline">{say('inJournal')}</Link> : null}</div>
    </div>
  );
};

/** Approvals, newest first; those that wait are shown until other filters are chosen. */
export const InboxScreen = () => {
  const say = useInboxWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { state = 'pending', kind, id } = route.useSearch();
  const query = { state: state === 'all' ? undefined : state, kind, limit: pageSize };
  const list = useInfiniteQuery({
    queryKey: ['approvals', 'list', query],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/approvals', { params: { query: { ...query, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: pollMs,
  });
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (change: Record<string, string | undefined>) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const current = id ?? rows[0]?.id ?? null;
  const columns: readonly Column<ApprovalLine>[] = [
    { id: 'what', header: say('what'), width: 'minmax(12rem, 1fr)', cell: (row) => <span title={row.summary}>{row.summary}</span> },
    { id: 'who', header: say('who'), width: '8rem', cell: (row) => <>{row.requester}{row.requester === me.principal ? <span className="text-muted"> · {say('mine')}</span> : null}</> },
    { id: 'state', header: say('keys'), width: '7rem', cell: (row) => <Badge tone={{ waiting: 'warn', given: 'ok', refused: 'bad' }[personKeyOf(row)] as 'ok'}>{say(row.state as 'pending')}</Badge> },
    { id: 'until', header: say('until'), width: '7rem', cell: (row) => (row.state === 'pending' ? relativeTime(new Date(row.expires_at), lang) : <span className="text-muted">{relativeTime(new Date(row.ended_at ?? row.decided_at ?? row.expires_at), lang)}</span>), end: true },
  ];
  const filtered = state !== 'pending' || kind !== undefined;
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path={`/v1/approvals?state=${state === 'all' ? '' : state}`} cli="soma approval list" />}>
        <Select aria-label={say('state')} value={state} onChange={(event) => set({ state: event.target.value, id: undefined })} className="h-8 w-auto border-line text-sm">{[...approvalStates, 'all' as const].map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <span className="text-xs text-muted max-md:hidden">{say('keyHint')}</span>
      </PageHead>
      <div className="flex min-h-0 flex-1 max-lg:flex-col">
        <div className="flex min-h-0 min-w-0 flex-1 flex-col border-line max-lg:h-2/5 max-lg:flex-none max-lg:border-b lg:border-e">
          {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
            <DataTable label={say('list')} columns={columns} rows={rows} rowId={(row) => row.id} selected={current} onSelect={(row) => set({ id: row.id })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="h-full"
              empty={filtered ? <EmptyState icon={<InboxIcon />} title={say('none')} action={<Button size="sm" onClick={() => set({ state: undefined, kind: undefined, id: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<InboxIcon />} title={say('first')} action={<Button size="sm" onClick={() => set({ state: 'all' })}>{say('all')}</Button>}>{say('firstText')}</EmptyState>} />
          )}
        </div>
        <div className="min-h-0 overflow-y-auto bg-sunken max-lg:flex-1 lg:w-[30rem] lg:shrink-0">{current ? <Detail key={current} id={current} onDecided={() => set({ id: current })} /> : <EmptyState title={say('pick')} className="max-lg:hidden" />}</div>
      </div>
    </>
  );
};
