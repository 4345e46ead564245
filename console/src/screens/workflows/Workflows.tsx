import { AsOf, Button, DataTable, EmptyState, Select, type Column } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Plus, Workflow } from 'lucide-react';
import { useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { capsulesQuery, runsQuery, type Run } from './queries.ts';
import { RunPage } from './RunPage.tsx';
import { RunStatus } from './RunStatus.tsx';
import { route, runKinds, runStatuses } from './screen.ts';
import { StartRun } from './StartRun.tsx';
import { took } from './took.ts';
import { useRunWords } from './words.ts';

/** `?start=` before a capsule is chosen. */
const undecided = '+';

/** Runs, newest first; each opens as a page of its own. */
const Runs = () => {
  const say = useRunWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { status, capsule, kind, start } = route.useSearch();
  const [selected, select] = useState<string | null>(null);
  const list = useInfiniteQuery(runsQuery({ status, capsule, kind }));
  const capsules = useQuery(capsulesQuery);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (change: { status?: (typeof runStatuses)[number]; capsule?: string; kind?: (typeof runKinds)[number]; start?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const open = (id: string) => void go({ to: '/workflows/{-$run}', params: { run: id }, search: {} });
  const names = [...new Set([...(capsules.data?.data ?? []).map((one) => one.id), ...rows.map((one) => one.capsule), ...(capsule ? [capsule] : [])])].sort();
  const columns: readonly Column<Run>[] = [
    { id: 'name', header: say('name'), width: 'minmax(14rem, 1fr)', cell: (row) => <span title={row.name}>{row.name}</span> },
    { id: 'capsule', header: say('capsule'), width: '14rem', cell: (row) => <span className="font-mono text-sm text-muted">{row.capsule} {row.version}</span> },
    { id: 'status', header: say('status'), width: '9rem', cell: (row) => <RunStatus status={row.status} paused={row.paused} /> },
    { id: 'starter', header: say('starter'), width: '8rem', cell: (row) => row.starter },
    { id: 'created', header: say('created'), width: '8rem', cell: (row) => relativeTime(new Date(row.created_at), lang), end: true },
    { id: 'took', header: say('took'), width: '6rem', cell: (row) => (row.ended_at ? took(number, Date.parse(row.ended_at) - Date.parse(row.created_at)) : '…'), end: true },
  ];
  const filtered = status !== undefined || capsule !== undefined || kind !== undefined;
  const may = me.capabilities.includes('run:start');
  const begin = may ? <Button size="sm" look="primary" onClick={() => set({ start: undecided })}><Plus aria-hidden className="size-3.5" />{say('start')}</Button> : <span className="text-sm text-muted">{say('mayNot')} <code className="font-mono">run:start</code></span>;
  const query = new URLSearchParams(Object.entries({ status, capsule, kind }).flatMap(([name, value]) => (value ? [[name, value]] : []))).toString();
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />} actions={<>{begin}<CopyRequest method="GET" path={`/v1/mao${query ? `?${query}` : ''}`} cli={`soma workflow list${status ? ` --status ${status}` : ''}${capsule ? ` --capsule ${capsule}` : ''}`} /></>}>
        <Select aria-label={say('status')} value={status ?? ''} onChange={(event) => set({ status: runStatuses.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyStatus')}</option>{runStatuses.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('capsule')} value={capsule ?? ''} onChange={(event) => set({ capsule: event.target.value || undefined })} className="h-8 w-44 border-line text-sm"><option value="">{say('anyCapsule')}</option>{names.map((one) => <option key={one}>{one}</option>)}</Select>
        <Select aria-label={say('kind')} value={kind ?? ''} onChange={(event) => set({ kind: runKinds.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyKind')}</option>{runKinds.map((one) => <option key={one} value={one}>{say(`kind_${one}`)}</option>)}</Select>
      </PageHead>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('list')} columns={columns} rows={rows} rowId={(row) => row.run_id} selected={selected ?? rows[0]?.run_id ?? null} onSelect={(row) => select(row.run_id)} onOpen={(row) => open(row.run_id)} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="flex-1"
          empty={filtered ? <EmptyState icon={<Workflow />} title={say('none')} action={<Button size="sm" onClick={() => set({ status: undefined, capsule: undefined, kind: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<Workflow />} title={say('first')} action={may ? <Button size="sm" onClick={() => set({ start: undecided })}>{say('start')}…</Button> : null}>{say('firstText')}</EmptyState>} />
      )}
      {start && may ? <StartRun capsule={start === undecided ? null : start} onCapsule={(id) => set({ start: id || undecided })} onClose={() => set({ start: undefined })} onStarted={open} /> : null}
    </>
  );
};

export const Workflows = () => {
  const { run } = route.useParams();
  return run ? <RunPage key={run} id={run} /> : <Runs />;
};
