import { AsOf, Banner, Button, DataTable, Drawer, EmptyState, Input, Select, type Column } from '@somastack/uix';
import { useNavigate } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import { useDeferredValue, useMemo } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { CheckAll } from './CheckAll.tsx';
import { LineDetail } from './LineDetail.tsx';
import { route } from './screen.ts';
import { linesMax, useJournal, type Line } from './useJournal.ts';
import { useAuditWords } from './words.ts';

/** `somastack.sessions.turn_completed.v1` as people read it. */
const shortType = (type: string) => type.replace(/^somastack\./, '').replace(/\.v\d+$/, '');

const matches = (line: Line, type: string | undefined, actor: string | undefined, words: string) =>
  (!type || shortType(line.type) === type) && (!actor || line.actor === actor) && (!words || `${line.subject} ${line.type} ${line.trace_id} ${line.actor}`.toLowerCase().includes(words));

/** The tenant's journal, newest first, with the proof of each line a key away. */
export const Audit = () => {
  const say = useAuditWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = useNavigate();
  const { type, actor, q = '', position } = route.useSearch();
  const journal = useJournal();
  const words = useDeferredValue(q.trim().toLowerCase());
  const lines = journal.data?.lines;
  const rows = useMemo(() => (lines ?? []).filter((line) => matches(line, type, actor, words)).reverse(), [lines, type, actor, words]);
  const types = useMemo(() => [...new Set((lines ?? []).map((line) => shortType(line.type)))].sort(), [lines]);
  const actors = useMemo(() => [...new Set((lines ?? []).map((line) => line.actor))].sort(), [lines]);
  const set = (change: { type?: string; actor?: string; q?: string; position?: number }) => void go({ to: '/audit', search: (old) => ({ ...old, ...change }), replace: true });
  const when = instant(lang);
  const columns: readonly Column<Line>[] = [
    { id: 'position', header: say('position'), width: '5rem', cell: (line) => line.position, end: true },
    { id: 'at', header: say('at'), width: '12rem', cell: (line) => <time dateTime={line.occurred_at} className="tabular-nums">{when.format(new Date(line.occurred_at))}</time> },
    { id: 'type', header: say('event'), width: '16rem', cell: (line) => <span className="font-mono text-sm">{shortType(line.type)}</span> },
    { id: 'subject', header: say('subject'), width: 'minmax(10rem, 1fr)', cell: (line) => <span className="font-mono text-sm text-muted">{line.subject}</span> },
    { id: 'actor', header: say('actor'), width: '8rem', cell: (line) => line.actor },
  ];
  const open = lines?.find((line) => line.position === position);
  const filtered = Boolean(type || actor || q);
  const clear = () => set({ type: undefined, actor: undefined, q: undefined });
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={journal.dataUpdatedAt ? new Date(journal.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path="/v1/audit/events" cli="soma audit tail" />}>
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-60 border-line text-sm" />
        <Select aria-label={say('type')} value={type ?? ''} onChange={(event) => set({ type: event.target.value || undefined })} className="h-8 w-44 border-line text-sm"><option value="">{say('anyType')}</option>{types.map((one) => <option key={one}>{one}</option>)}</Select>
        <Select aria-label={say('actor')} value={actor ?? ''} onChange={(event) => set({ actor: event.target.value || undefined })} className="h-8 w-32 border-line text-sm"><option value="">{say('anyActor')}</option>{actors.map((one) => <option key={one}>{one}</option>)}</Select>
        <CheckAll />
      </PageHead>
      {journal.error ? <Failure cause={journal.error} onRetry={() => void journal.refetch()} /> : !journal.data ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('list')} columns={columns} rows={rows} rowId={(line) => String(line.position)} selected={position === undefined ? null : String(position)} onSelect={() => undefined} onOpen={(line) => set({ position: line.position })} className="flex-1"
          empty={filtered ? <EmptyState icon={<ScrollText />} title={say('none')} action={<Button size="sm" onClick={clear}>{common('clear')}</Button>} /> : <EmptyState icon={<ScrollText />} title={say('first')}>{say('firstText')}</EmptyState>}
          footer={<>{journal.data.complete ? null : <span role="status">{say('reading', { n: journal.data.lines.length.toLocaleString(lang) })}</span>}{journal.data.lines.length === linesMax ? <span>{say('capped', { n: linesMax.toLocaleString(lang) })}</span> : null}</>} />
      )}
      {position !== undefined && !open && journal.data?.complete ? <Banner tone="warn" title={say('notHere', { position })} className="m-3" action={<Button size="sm" onClick={() => set({ position: undefined })}>{common('clear')}</Button>} /> : null}
      <Drawer open={open !== undefined} onOpenChange={(to) => to || set({ position: undefined })} title={open ? shortType(open.type) : ''} hint={open ? `${say('position')} ${open.position}` : undefined}>{open ? <LineDetail key={open.position} line={open} /> : null}</Drawer>
    </>
  );
};
