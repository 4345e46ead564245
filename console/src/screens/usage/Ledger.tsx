import { AsOf, Button, DataTable, Drawer, EmptyState, Select, Unknown, type Column } from '@somastack/uix';
import { useInfiniteQuery } from '@tanstack/react-query';
import { BookOpen } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { csvOf } from './days.ts';
import { ledgerQuery, type Entry } from './queries.ts';
import { route } from './screen.ts';
import { useUsageWords } from './words.ts';

const csvColumns = ['occurred_at', 'transaction_id', 'line', 'kind', 'account', 'amount', 'currency', 'provider', 'model', 'purpose', 'input_tokens', 'output_tokens', 'cached_input_tokens', 'input_price', 'output_price', 'cached_input_price', 'reservation_id'] as const;
const idOf = (entry: Entry) => `${entry.transaction_id}-${entry.line}`;

const save = (text: string) => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: 'ledger.csv' });
  link.click();
  URL.revokeObjectURL(url);
};

const Detail = ({ entry, lines }: { entry: Entry; lines: readonly Entry[] }) => {
  const say = useUsageWords();
  const lang = useLanguage();
  const number = useNumbers();
  const known = (value: number | null, show: (value: number) => string) => (value === null ? <Unknown reason={say('notTold')} /> : show(value));
  const price = (value: number) => number.money(value, entry.currency);
  return (
    <div className="flex flex-col gap-4">
      <Facts facts={[
        [say('at'), instant(lang).format(new Date(entry.occurred_at))], [say('kind'), entry.kind], [say('account'), <span className="font-mono">{entry.account}</span>], [say('amount'), price(entry.amount)], [say('model'), `${entry.provider}/${entry.model}`], [say('purpose'), entry.purpose],
        [say('tokensIn'), known(entry.input_tokens, number.whole)], [say('tokensOut'), known(entry.output_tokens, number.whole)], [say('cached'), known(entry.cached_input_tokens, number.whole)], [say('price'), <>{known(entry.input_price, price)} → {known(entry.output_price, price)}</>],
        [say('transaction'), <code className="font-mono text-xs break-all">{entry.transaction_id}</code>], [say('reservation'), <code className="font-mono text-xs break-all">{entry.reservation_id}</code>],
      ]} />
      <p className="text-sm text-muted">{say('sum', { sum: price(lines.reduce((sum, line) => sum + Math.round(line.amount * 1e9), 0) / 1e9) })}</p>
    </div>
  );
};

/** Every line of the books, newest first. */
export const Ledger = () => {
  const say = useUsageWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const { account, model, entry } = route.useSearch();
  const list = useInfiniteQuery(ledgerQuery);
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const rows = all.filter((one) => (!account || one.account === account) && (!model || one.model === model));
  const set = (change: { account?: string; model?: string; entry?: string }) => void go({ to: '/usage', search: (old) => ({ ...old, ...change }), replace: true });
  const when = instant(lang);
  const columns: readonly Column<Entry>[] = [
    { id: 'at', header: say('at'), width: '12rem', cell: (one) => <time dateTime={one.occurred_at} className="tabular-nums">{when.format(new Date(one.occurred_at))}</time> },
    { id: 'kind', header: say('kind'), width: '6rem', cell: (one) => one.kind },
    { id: 'account', header: say('account'), width: '11rem', cell: (one) => <span className="font-mono text-sm">{one.account}</span> },
    { id: 'model', header: say('modelField'), width: 'minmax(10rem, 1fr)', cell: (one) => <>{one.model} <span className="text-muted">{one.provider}</span></> },
    { id: 'purpose', header: say('purpose'), width: '7rem', cell: (one) => one.purpose },
    { id: 'amount', header: say('amount'), width: '9rem', cell: (one) => number.money(one.amount, one.currency), end: true },
  ];
  const select = (name: 'account' | 'model', any: string, value: string | undefined) => <Select aria-label={say(name)} value={value ?? ''} onChange={(event) => set({ [name]: event.target.value || undefined })} className="h-8 w-44 border-line text-sm"><option value="">{any}</option>{[...new Set([...all.map((one) => one[name]), ...(value ? [value] : [])])].map((one) => <option key={one}>{one}</option>)}</Select>;
  const more = list.hasNextPage ? <Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say('readMore')}</Button> : null;
  const open = all.find((one) => idOf(one) === entry);
  const filtered = Boolean(account || model);
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
        {select('account', say('anyAccount'), account)}{select('model', say('anyModel'), model)}
        <span className="ms-auto flex flex-wrap items-center gap-2"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />{rows.length > 0 ? <Button size="sm" onClick={() => save(csvOf<Entry>(csvColumns, rows))}>{say('csv', { n: number.whole(rows.length) })}</Button> : null}<CopyRequest method="GET" path="/v1/billing/ledger" /></span>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('entries')} columns={columns} rows={rows} rowId={idOf} selected={entry ?? null} onOpen={(one) => set({ entry: idOf(one) })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="flex-1"
          empty={filtered ? <EmptyState icon={<BookOpen />} title={say('noMatch')} action={<>{more}<Button size="sm" onClick={() => set({ account: undefined, model: undefined })}>{common('clear')}</Button></>} /> : <EmptyState icon={<BookOpen />} title={say('noEntries')}>{say('noEntriesText')}</EmptyState>}
          footer={filtered || list.hasNextPage ? <><span>{say('readSoFar', { shown: number.whole(rows.length), n: number.whole(all.length) })}</span>{more}</> : null} />
      )}
      <Drawer open={open !== undefined} onOpenChange={(to) => { if (!to) set({ entry: undefined }); }} title={open ? `${open.account} · ${number.money(open.amount, open.currency)}` : ''}>{open ? <Detail entry={open} lines={all.filter((one) => one.transaction_id === open.transaction_id)} /> : null}</Drawer>
    </div>
  );
};
