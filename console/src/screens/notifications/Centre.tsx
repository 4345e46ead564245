import { AsOf, Badge, Button, DataTable, EmptyState, Select, StatusLed, type Column } from '@somastack/uix';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Bell } from 'lucide-react';
import { useMemo } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useKeys } from '~/app/keys.ts';
import { everyMs } from '~/app/notices/counts.ts';
import type { Notice } from '~/app/notices/fold.ts';
import { useLive } from '~/app/notices/live.ts';
import { useNoticeActs } from '~/app/notices/queries.ts';
import { toneOf, useNoticeWords, type Severity } from '~/app/notices/words.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { arranged, headingOf } from './arrange.ts';
import { NoticeDetail } from './NoticeDetail.tsx';
import { groupsQuery, listQuery } from './queries.ts';
import { ReadAll } from './ReadAll.tsx';
import { kinds, route, severities, states } from './screen.ts';
import { useNotificationWords, useRoom } from './words.ts';

type Change = Partial<Record<'state' | 'severity' | 'kind' | 'group' | 'id', string | undefined>>;

/** What this person was told, by day and by who told it. */
export const Centre = () => {
  const say = useNotificationWords();
  const notice = useNoticeWords();
  const common = useCommon();
  const lang = useLanguage();
  const room = useRoom();
  const live = useLive();
  const go = route.useNavigate();
  const acts = useNoticeActs();
  const { state = 'all', severity, kind, group, id } = route.useSearch();
  const list = useInfiniteQuery({ ...listQuery({ state, severity, kind, group }), refetchInterval: everyMs(live) });
  const groups = useQuery(groupsQuery);
  const rows = useMemo(() => arranged(list.data?.pages.flatMap((page) => page.data) ?? []), [list.data]);
  const set = (change: Change) => void go({ to: '/notifications', search: (old) => ({ ...old, ...change }) as typeof old, replace: true });
  const current = id ?? rows[0]?.id ?? null;
  const at = rows.findIndex((row) => row.id === current);
  const filtered = state !== 'all' || severity !== undefined || kind !== undefined || group !== undefined;
  const move = (step: number) => rows[at + step] && set({ id: rows[at + step]!.id });
  const chosen = rows[at];
  useKeys({ j: () => move(1), k: () => move(-1), a: () => chosen?.attention && acts.mutate({ act: 'acknowledge', id: chosen.id }), u: () => chosen && acts.mutate({ act: chosen.read ? 'unread' : 'read', id: chosen.id }) });
  const columns: readonly Column<Notice>[] = [
    { id: 'state', header: say('state'), narrow: true, width: '1rem', cell: (row) => <span className="flex p-1"><span aria-hidden className={`size-2 ${row.attention ? 'rotate-45 bg-warn' : row.read ? 'rounded-full border border-line-strong' : 'rounded-full bg-accent'}`} /><span className="sr-only">{row.attention ? say('attention') : row.read ? say('read') : say('unread')}</span></span> },
    { id: 'what', header: say('what'), width: 'minmax(14rem, 1fr)', cell: (row) => <><span className={row.read ? undefined : 'font-semibold'}>{row.title}</span>{row.count > 1 ? <span className="text-muted"> ×{row.count.toLocaleString(lang)}</span> : null}{row.body && row.body !== row.title ? <span className="text-muted"> — {row.body}</span> : null}</> },
    { id: 'severity', header: say('severity'), width: '6rem', cell: (row) => <Badge tone={toneOf[row.severity as Severity]}>{notice(row.severity as Severity)}</Badge> },
    { id: 'at', header: say('at'), width: '5.5rem', cell: (row) => <time dateTime={row.last_at}>{new Intl.DateTimeFormat(lang, { timeStyle: 'short' }).format(new Date(row.last_at))}</time>, end: true },
  ];
  const clear = <Button size="sm" onClick={() => set({ state: undefined, severity: undefined, kind: undefined, group: undefined, id: undefined })}>{common('clear')}</Button>;
  const choose = 'h-8 w-auto max-w-44 border-line text-sm';
  const query = new URLSearchParams(Object.entries({ state, severity, kind, group }).filter((one): one is [string, string] => one[1] !== undefined));
  const now = new Date();
  return (
    <div className="flex flex-col lg:h-full lg:min-h-0">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-5 py-2">
        <Select aria-label={say('state')} value={state} onChange={(event) => set({ state: event.target.value === 'all' ? undefined : event.target.value, id: undefined })} className={choose}>{states.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('severity')} value={severity ?? ''} onChange={(event) => set({ severity: event.target.value || undefined, id: undefined })} className={choose}><option value="">{say('anySeverity')}</option>{severities.slice(1).map((one) => <option key={one} value={one}>{say('atLeast', { severity: notice(one) })}</option>)}</Select>
        <Select aria-label={say('kind')} value={kind ?? ''} onChange={(event) => set({ kind: event.target.value || undefined, id: undefined })} className={choose}><option value="">{say('anyKind')}</option>{kinds.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('group')} value={group ?? ''} onChange={(event) => set({ group: event.target.value || undefined, id: undefined })} className={choose}><option value="">{say('anyGroup')}</option>{[...new Set([...(groups.data ?? []).map((one) => one.group).filter((one) => one !== null), ...(group ? [group] : [])])].map((one) => <option key={one}>{one}</option>)}</Select>
        <span className="text-xs text-muted max-xl:hidden">{say('keyHint')}</span>
        <span className="ms-auto flex items-center gap-2">{live ? <StatusLed state="ok" label={say('live')} /> : <><StatusLed state="degraded" label={say('polling')} /><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /></>}<CopyRequest method="GET" path={`/v1/notifications?${query}`} cli={`soma notify list${state === 'all' ? '' : ` --state ${state}`}`} /></span>
      </div>
      <ReadAll through={Math.max(0, ...rows.map((row) => row.sequence))} />
      <div className="flex min-h-0 flex-1 max-lg:flex-col">
        <div className="flex min-h-0 min-w-0 flex-1 flex-col border-line max-lg:h-80 max-lg:flex-none lg:border-e">
          {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
            <DataTable label={say('list')} columns={columns} rows={rows} rowId={(row) => row.id} selected={current} heading={(row, before) => headingOf(row, before, lang, now, room)} onSelect={(row) => set({ id: row.id })} onOpen={(row) => row.read || acts.mutate({ act: 'read', id: row.id })}
              onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="h-full"
              empty={filtered ? <EmptyState icon={<Bell />} title={say('none')} action={clear} /> : <EmptyState icon={<Bell />} title={say('first')}>{say('firstText')}</EmptyState>} />
          )}
        </div>
        <div className="min-h-0 overflow-y-auto bg-sunken max-lg:flex-1 lg:w-[28rem] lg:shrink-0">{current ? <NoticeDetail key={current} id={current} /> : <EmptyState title={say('pick')} className="max-lg:hidden" />}</div>
      </div>
    </div>
  );
};
