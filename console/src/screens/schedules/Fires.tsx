import { Badge, Button, Table, type Tone } from '@somastack/uix';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Failure } from '~/app/Failure.tsx';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { firesQuery } from './queries.ts';
import { useScheduleWords } from './words.ts';

const tones: Record<string, Tone> = { due: 'info', started: 'ok', skipped: 'neutral', failed: 'bad', awaiting: 'warn', approved: 'info' };

export const FireState = ({ state }: { state: string }) => {
  const say = useScheduleWords();
  return <Badge tone={tones[state] ?? 'neutral'} data-fire={state}>{state in tones ? say(`fire_${state as 'due'}`) : state}</Badge>;
};

const kinds = new Set(['cron', 'manual', 'backfill']);

/** What became of each time, with the run that it began or why it began none. */
export const Fires = ({ id }: { id: string }) => {
  const say = useScheduleWords();
  const common = useCommon();
  const lang = useLanguage();
  const list = useInfiniteQuery(firesQuery(id));
  if (list.error) return <Failure cause={list.error} onRetry={() => void list.refetch()} compact />;
  if (list.isPending) return <p role="status" className="text-muted">{common('loading')}</p>;
  return (
    <>
      <Table label={say('fires')} rows={list.data.pages.flatMap((page) => page.data)} rowId={(one) => `${one.due_at} ${one.kind}`} empty={<p className="text-sm text-muted">{say('noFires')}</p>} className="max-h-96 overflow-y-auto rounded-md border border-line"
        columns={[
          { id: 'due', header: say('due'), cell: (one) => <time dateTime={one.due_at} className="font-normal tabular-nums">{instant(lang).format(new Date(one.due_at))}</time> },
          { id: 'kind', header: say('kind'), cell: (one) => (kinds.has(one.kind) ? say(`kind_${one.kind as 'cron'}`) : one.kind) },
          { id: 'state', header: say('state'), cell: (one) => <FireState state={one.state} /> },
          { id: 'run', header: say('run'), cell: (one) => (one.run_id ? <Link to="/workflows/{-$run}" params={{ run: one.run_id }} className="underline">{say('openRun')}</Link> : one.approval ? <Link to="/inbox" search={{ id: one.approval, state: 'all' }} className="underline">{say('openApproval')}</Link> : '—') },
          { id: 'code', header: say('code'), wrap: true, cell: (one) => (one.code ? <span className="text-sm"><code className="font-mono text-xs">{one.code}</code> <span className="text-muted">{one.detail}</span></span> : '') },
        ]} />
      {list.hasNextPage ? <Button size="sm" className="mt-2" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button> : null}
    </>
  );
};
