import { AsOf, Badge, Button, DataTable, Drawer, EmptyState, type Column, type Tone } from '@somastack/uix';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Timer } from 'lucide-react';
import { useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { runsQuery, type Run } from './queries.ts';
import { RunDetail } from './RunDetail.tsx';
import { route } from './screen.ts';
import { StartRun } from './StartRun.tsx';
import { useBenchmarkWords } from './words.ts';

const tones: Record<string, Tone> = { done: 'ok', running: 'info', failed: 'bad' };

export const RunState = ({ status }: { status: string }) => {
  const say = useBenchmarkWords();
  const word = status === 'done' || status === 'running' || status === 'queued' ? say(status) : status === 'failed' ? say('runFailed') : status;
  return <Badge tone={tones[status] ?? 'neutral'}>{word}</Badge>;
};

/** Every run, newest first, with what it found a key away. */
export const Runs = () => {
  const say = useBenchmarkWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes('benchmark:run');
  const { run } = route.useSearch();
  const [starting, setStarting] = useState(false);
  const list = useInfiniteQuery(runsQuery);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const next = list.data?.pages[0]?.next_run;
  const open = (id: string | undefined) => void go({ to: '/benchmarks', search: (old) => ({ ...old, run: id }), replace: true });
  const columns: readonly Column<Run>[] = [
    { id: 'models', header: say('model'), width: 'minmax(12rem, 1fr)', cell: (one) => one.models.join(', ') },
    { id: 'capsules', header: say('capsules'), width: 'minmax(12rem, 1fr)', cell: (one) => <span className="font-mono text-xs text-muted">{one.capsules.join(', ')}</span> },
    { id: 'state', header: say('state'), width: '7rem', cell: (one) => <RunState status={one.status} /> },
    { id: 'asked', header: say('asked'), width: '6rem', cell: (one) => (one.asked === null ? number.whole(one.questions) : say('progress', { asked: number.whole(one.asked), n: number.whole(one.questions) })), end: true },
    { id: 'cause', header: say('cause'), width: '7rem', cell: (one) => one.cause },
    { id: 'created', header: say('created'), width: '9rem', cell: (one) => relativeTime(new Date(one.created_at), lang), end: true },
  ];
  const start = may ? <Button size="sm" look="primary" onClick={() => setStarting(true)}>{say('start')}…</Button> : null;
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
        {start ?? <span className="text-sm text-muted">{say('mayNot')} <code className="font-mono">benchmark:run</code></span>}
        <span className="text-sm text-muted">{next ? say('nextRun', { when: relativeTime(new Date(next), lang) }) : say('noNextRun')}</span>
        <span className="ms-auto flex items-center gap-1"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="GET" path="/v1/runs" /></span>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('list')} columns={columns} rows={rows} rowId={(one) => one.id} selected={run ?? null} onOpen={(one) => open(one.id)} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="flex-1"
          empty={<EmptyState icon={<Timer />} title={say('noRuns')} action={<CopyRequest method="POST" path="/v1/run" body={{ wait: true }} cli="soma bench models" />}>{say('firstScoreText')}</EmptyState>} />
      )}
      <Drawer open={run !== undefined} onOpenChange={(to) => { if (!to) open(undefined); }} title={say('runs')} hint={run} className="max-w-3xl">{run ? <RunDetail key={run} id={run} /> : null}</Drawer>
      {starting ? <StartRun onClose={() => setStarting(false)} onStarted={open} /> : null}
    </div>
  );
};
