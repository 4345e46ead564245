import { AsOf, Badge, Button, DataTable, EmptyState, Input, Select, type Column } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Brain } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { ForgetDialog } from './ForgetDialog.tsx';
import { MemoryDrawer } from './MemoryDrawer.tsx';
import { indexQuery, itemsQuery, type MemoryLine } from './queries.ts';
import { memoryKinds, route } from './screen.ts';
import { useMemoryWords } from './words.ts';

const matches = (line: MemoryLine, kind: string | undefined, words: string) => (!kind || line.kind === kind) && (!words || `${line.text} ${line.source ?? ''} ${line.author} ${line.key ?? ''} ${(line.tags ?? []).join(' ')}`.toLowerCase().includes(words));

/** Memories of one namespace, newest first. */
export const Items = () => {
  const say = useMemoryWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { namespace, kind, find = '', id } = route.useSearch();
  const list = useInfiniteQuery(itemsQuery(namespace));
  const spaces = useQuery(indexQuery).data?.data.map((one) => one.namespace) ?? [];
  const [forgetting, setForgetting] = useState(false);
  const words = useDeferredValue(find.trim().toLowerCase());
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.data) ?? [], [list.data]);
  const rows = useMemo(() => all.filter((line) => matches(line, kind, words)), [all, kind, words]);
  const set = (change: { namespace?: string; kind?: string; find?: string; id?: string }) => void go({ to: '/memories', search: (old) => ({ ...old, ...change }), replace: true });
  const columns: readonly Column<MemoryLine>[] = [
    { id: 'text', header: say('text'), width: 'minmax(16rem, 1fr)', cell: (line) => line.text },
    { id: 'kind', header: say('kind'), width: '7rem', cell: (line) => <Badge>{line.kind}</Badge> },
    { id: 'source', header: say('source'), width: '14rem', cell: (line) => (line.source ? <span className="font-mono text-xs text-muted">{line.source}{line.line === null ? '' : `:${line.line}`}</span> : <span className="text-muted">{line.author}</span>) },
    { id: 'state', header: say('state'), width: '8rem', cell: (line) => (line.held ? <Badge tone="info">{say('heldBadge')}</Badge> : line.superseded_by ? <Badge tone="warn">{say('supersededBadge')}</Badge> : null) },
    { id: 'recorded', header: say('recorded'), width: '8rem', cell: (line) => relativeTime(new Date(line.recorded_at), lang), end: true },
  ];
  const filtered = Boolean(kind || find);
  const more = list.hasNextPage ? <Button size="sm" look="plain" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say('readMore')}</Button> : null;
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
        <Select aria-label={say('namespace')} value={namespace ?? ''} onChange={(event) => set({ namespace: event.target.value || undefined, id: undefined })} className="h-8 w-52 border-line text-sm"><option value="">{say('defaultSpace')}</option>{[...new Set([...spaces, ...(namespace ? [namespace] : [])])].map((one) => <option key={one}>{one}</option>)}</Select>
        <Select aria-label={say('kind')} value={kind ?? ''} onChange={(event) => set({ kind: event.target.value || undefined })} className="h-8 w-36 border-line text-sm"><option value="">{say('anyKind')}</option>{memoryKinds.map((one) => <option key={one}>{one}</option>)}</Select>
        <Input type="search" aria-label={say('find')} placeholder={say('find')} value={find} onChange={(event) => set({ find: event.target.value || undefined })} className="h-8 w-60 border-line text-sm" />
        <span className="ms-auto flex items-center gap-2"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />{me.capabilities.includes('memory:write') ? <Button size="sm" onClick={() => setForgetting(true)}>{say('forget')}…</Button> : null}<CopyRequest method="GET" path={`/v1/memory${namespace ? `?namespace=${encodeURIComponent(namespace)}` : ''}`} /></span>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('list')} columns={columns} rows={rows} rowId={(line) => line.id} selected={id ?? null} onOpen={(line) => set({ id: line.id })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="flex-1"
          empty={filtered ? <EmptyState icon={<Brain />} title={say('noMatch')} action={<>{more}<Button size="sm" onClick={() => set({ kind: undefined, find: undefined })}>{common('clear')}</Button></>} /> : <EmptyState icon={<Brain />} title={say('empty')} action={<CopyRequest method="POST" path="/v1/remember" body={{ text: '…' }} />}>{say('emptyText')}</EmptyState>}
          footer={filtered || list.hasNextPage ? <><span>{say('readSoFar', { shown: number.whole(rows.length), n: number.whole(all.length) })}</span>{more}</> : null} />
      )}
      <MemoryDrawer id={id} />
      {forgetting ? <ForgetDialog namespace={namespace} onClose={() => setForgetting(false)} /> : null}
    </div>
  );
};
