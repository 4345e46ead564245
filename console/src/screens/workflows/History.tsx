import { Button, JsonView, VirtualList } from '@somastack/uix';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Failure } from '~/app/Failure.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { historyQuery, type RunEvent } from './queries.ts';
import { useRunWords } from './words.ts';

const microsPerMs = 1000;

const fieldOf = (event: RunEvent, name: string): unknown => (typeof event.data === 'object' && event.data !== null ? (event.data as Record<string, unknown>)[name] : undefined);

const textOf = (event: RunEvent, name: string) => {
  const value = fieldOf(event, name);
  return typeof value === 'string' ? value : null;
};

/** Every event in its order, with all that was written; those that happen now come at the end. */
export const History = ({ id, live }: { id: string; live: readonly RunEvent[] }) => {
  const say = useRunWords();
  const common = useCommon();
  const lang = useLanguage();
  const list = useInfiniteQuery(historyQuery(id));
  if (list.error) return <Failure cause={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <p role="status" className="p-4 text-muted">{common('loading')}</p>;
  const read = list.data.pages.flatMap((page) => page.data);
  const last = read.at(-1)?.seq ?? 0;
  const rows = list.hasNextPage ? read : [...read, ...live.filter((event) => event.seq > last)];
  const clock = new Intl.DateTimeFormat(lang, { dateStyle: 'short', timeStyle: 'medium' });
  if (rows.length === 0) return <p className="p-4 text-sm text-muted">{say('noEvents')}</p>;
  return (
    <>
      <VirtualList label={say('eventList')} rows={rows} rowId={(event) => event.seq} rowHeight={37} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="max-h-[60vh] overflow-y-auto" rowClassName="border-b border-line">
        {(event) => {
          const at = fieldOf(event, 'at');
          return (
            <details>
              <summary className="flex cursor-pointer flex-wrap items-baseline gap-x-3 px-4 py-2 hover:bg-hover focus-visible:-outline-offset-2">
                <span className="w-8 text-end text-xs text-muted tabular-nums">{event.seq.toLocaleString(lang)}</span>
                <span className="font-mono text-sm">{event.type}</span>
                <span className="min-w-0 text-sm font-medium break-all">{textOf(event, 'path') ?? textOf(event, 'name')}</span>
                {typeof at === 'number' ? <time dateTime={new Date(at / microsPerMs).toISOString()} className="ms-auto text-xs text-muted tabular-nums">{clock.format(new Date(at / microsPerMs))}</time> : null}
              </summary>
              <JsonView value={event.data} label={`${event.seq} ${event.type}`} className="mx-4 mb-3 max-h-80" />
            </details>
          );
        }}
      </VirtualList>
      {list.hasNextPage ? <Button size="sm" className="m-3" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say('readMore')}</Button> : null}
    </>
  );
};
