import { Badge, Banner, Button, DataTable, Drawer, EmptyState, Input, Select, Unknown, type Column } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Coins } from 'lucide-react';
import { useMemo } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { pricesQuery, type Price } from './queries.ts';
import { pricedOf, type Priced } from './rows.ts';
import { route } from './screen.ts';
import { useModelWords } from './words.ts';

const capability = 'billing:read';

const Version = ({ row, state }: { row: Price; state: 'inForce' | 'later' | 'before' }) => {
  const say = useModelWords();
  const lang = useLanguage();
  const number = useNumbers();
  const amount = (value: number | null | undefined) => (value == null ? null : number.money(value, row.currency));
  const part = (name: string, value: number | null | undefined) => (value == null ? null : ([name, amount(value)] as const));
  return (
    <li className="flex flex-col gap-2 rounded-md border border-line p-4">
      <div className="flex items-center gap-2"><h3 className="font-semibold">{new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(row.valid_from))}</h3><Badge tone={state === 'inForce' ? 'ok' : 'neutral'}>{say(state)}</Badge>{row.alias_of ? <span className="text-sm text-muted">{say('alias')} {row.alias_of}</span> : null}</div>
      <Facts facts={[
        [say('input'), amount(row.input)], [say('output'), amount(row.output)], [say('cachedInput'), amount(row.cached_input) ?? <Unknown reason={say('noPrice')} />], part(say('writes'), row.cache_write), part(say('writesHour'), row.cache_write_hour), part(say('audio'), row.audio_minute), part(say('characters'), row.characters),
        row.tier ? [say('tier', { n: number.whole(row.tier.above_tokens) }), `${amount(row.tier.input)} → ${amount(row.tier.output)}`] : null, [say('source'), <span className="break-words">{row.source}</span>],
      ]} />
    </li>
  );
};

/** The price book by model, and each model's rows in time. */
export const Prices = () => {
  const say = useModelWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes(capability);
  const { provider, find = '', price } = route.useSearch();
  const prices = useQuery({ ...pricesQuery, enabled: may });
  const all = useMemo(() => pricedOf(prices.data ?? [], new Date(prices.dataUpdatedAt)), [prices.data, prices.dataUpdatedAt]);
  const wanted = find.trim().toLowerCase();
  const rows = all.filter((row) => (!provider || row.provider === provider) && (!wanted || row.model.toLowerCase().includes(wanted)));
  const set = (change: { provider?: string; find?: string; price?: string }) => void go({ to: '/models', search: (old) => ({ ...old, ...change }), replace: true });
  if (!may) return <div className="p-5"><Banner tone="info" title={say('mayNotPrices')}><code className="font-mono">{capability}</code></Banner></div>;
  if (prices.error) return <Failure cause={prices.error} onRetry={() => void prices.refetch()} />;
  if (!prices.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const amount = (row: Priced, value: number | null | undefined) => (value === null || value === undefined ? <Unknown reason={say('noPrice')} quiet /> : number.money(value, row.now!.currency));
  const columns: readonly Column<Priced>[] = [
    { id: 'model', header: say('model'), width: 'minmax(14rem, 1fr)', cell: (row) => row.model },
    { id: 'provider', header: say('provider'), width: '10rem', cell: (row) => <span className="text-muted">{row.provider}</span> },
    { id: 'input', header: say('input'), width: '7rem', cell: (row) => amount(row, row.now?.input), end: true },
    { id: 'output', header: say('output'), width: '7rem', cell: (row) => amount(row, row.now?.output), end: true },
    { id: 'cached', header: say('cachedInput'), width: '8rem', cell: (row) => amount(row, row.now?.cached_input), end: true },
    { id: 'since', header: say('since'), width: '8rem', cell: (row) => (row.now ? new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(row.now.valid_from)) : <Badge>{say('later')}</Badge>), end: true },
    { id: 'versions', header: say('versions'), width: '5rem', cell: (row) => number.whole(row.rows.length), end: true },
  ];
  const open = all.find((row) => row.id === price);
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
        <Input type="search" aria-label={say('find')} placeholder={say('find')} value={find} onChange={(event) => set({ find: event.target.value || undefined })} className="h-8 w-60 border-line text-sm" />
        <Select aria-label={say('provider')} value={provider ?? ''} onChange={(event) => set({ provider: event.target.value || undefined })} className="h-8 w-44 border-line text-sm"><option value="">{say('anyProvider')}</option>{[...new Set(all.map((row) => row.provider))].map((one) => <option key={one}>{one}</option>)}</Select>
        <span className="text-xs text-muted max-md:hidden">{say('priceHint')}</span>
        <span className="ms-auto"><CopyRequest method="GET" path="/v1/billing/prices" /></span>
      </div>
      <DataTable label={say('priceList')} columns={columns} rows={rows} rowId={(row) => row.id} selected={price ?? null} onOpen={(row) => set({ price: row.id })} className="flex-1"
        empty={provider || find ? <EmptyState icon={<Coins />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ provider: undefined, find: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<Coins />} title={say('noPrices')}>{say('noPricesText')}</EmptyState>} />
      <Drawer open={open !== undefined} onOpenChange={(to) => { if (!to) set({ price: undefined }); }} title={open?.model ?? ''} hint={open ? `${open.provider} · ${say('perMillion')}` : undefined}>
        {open ? <ul className="flex flex-col gap-3">{open.rows.map((row) => <Version key={row.valid_from} row={row} state={row === open.now ? 'inForce' : open.now === null || Date.parse(row.valid_from) > Date.parse(open.now.valid_from) ? 'later' : 'before'} />)}</ul> : null}
      </Drawer>
    </div>
  );
};
