import { buttonLook, cn, EmptyState, Input } from '@somastack/uix';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { MessageSquarePlus } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { Failure } from '~/app/Failure.tsx';
import { useLanguage } from '~/i18n/words.ts';
import { sessionsQuery } from './queries.ts';
import { useChatWords } from './words.ts';

const rowHeight = 52;
const beyond = 8;

/** Your own conversations, newest first; any number of them. */
export const ThreadList = ({ current, query, onQuery }: { current: string | undefined; query: string; onQuery: (query: string) => void }) => {
  const say = useChatWords();
  const lang = useLanguage();
  const sessions = useInfiniteQuery(sessionsQuery);
  const view = useRef<HTMLDivElement>(null);
  const wanted = query.trim().toLocaleLowerCase();
  const all = sessions.data?.pages.flatMap((page) => page.data) ?? [];
  const rows = wanted ? all.filter((session) => session.title.toLocaleLowerCase().includes(wanted)) : all;
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => view.current, estimateSize: () => rowHeight, overscan: beyond });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = sessions;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && (last >= rows.length - beyond || wanted)) void fetchNextPage();
  }, [last, rows.length, wanted, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const when = new Intl.DateTimeFormat(lang, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  return (
    <nav aria-label={say('threads')} className="flex h-full min-h-0 flex-col">
      <div className="flex flex-col gap-2 p-3">
        <Link to="/chat/{-$session}" params={{}} className={cn(buttonLook({ look: 'plain' }), 'w-full')}><MessageSquarePlus aria-hidden className="size-4 shrink-0" /><span className="truncate">{say('newChat')}</span></Link>
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={query} onChange={(event) => onQuery(event.target.value)} className="h-8 border-line text-sm" />
      </div>
      {sessions.error ? <Failure cause={sessions.error} onRetry={() => void sessions.refetch()} compact /> : null}
      {sessions.data && rows.length === 0 ? (wanted ? <EmptyState title={say('noMatch')} className="py-8" /> : <EmptyState title={say('noThreads')} className="py-8">{say('noThreadsText')}</EmptyState>) : null}
      <div ref={view} className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        <ul className="relative" style={{ height: list.getTotalSize() }}>
          {items.map((item) => {
            const session = rows[item.index]!;
            return (
              <li key={session.id} className="absolute inset-x-0" style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
                <Link to="/chat/{-$session}" params={{ session: session.id }} search={(old) => ({ q: old.q })} aria-current={session.id === current ? 'page' : undefined}
                  className={cn('flex h-12 flex-col justify-center rounded-md px-3 hover:bg-hover', session.id === current && 'bg-accent-soft')}>
                  <span dir="auto" className="truncate text-base">{session.title}</span>
                  <time dateTime={session.updated_at} className="text-xs text-muted">{when.format(new Date(session.updated_at))} · {session.persona}</time>
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    </nav>
  );
};
