import { AsOf, Banner, Card, CardBody, EmptyState, KpiTile, Meter, Select, Table, Unknown } from '@somastack/uix';
import { Receipt } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { tileOf } from '~/app/tile.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { DayChart } from './DayChart.tsx';
import { totalOf, totalsBy, type UsageDay } from './days.ts';
import { useDays } from './queries.ts';
import { groups, route, spans } from './screen.ts';
import { useUsageWords } from './words.ts';

const source = 'GET /v1/billing/usage';

/** What was spent: today, by day, and by whoever spent it. */
export const Spend = () => {
  const say = useUsageWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const { by = 'model', span = '14d' } = route.useSearch();
  const days = useDays(Number.parseInt(span, 10), by);
  if (days.error && !days.today) return <Failure cause={days.error} onRetry={days.refetch} />;
  const known = days.read.filter((day): day is UsageDay => day !== undefined);
  const lines = totalsBy(known);
  const whole = lines.reduce((sum, line) => sum + line.cost, 0);
  const unknown = lines.reduce((sum, line) => sum + line.unknown, 0);
  const currency = days.today?.currency ?? 'USD';
  const tile = (value: (day: UsageDay) => string | null, none = say('failed')) => tileOf({ data: days.today, dataUpdatedAt: days.at, isRefetchError: days.isRefetchError, error: days.error }, value, none, say('failed'));
  const set = (change: { by?: typeof by; span?: typeof span }) => void go({ to: '/usage', search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <div className="flex flex-col gap-5 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <Select aria-label={say('span')} value={span} onChange={(event) => set({ span: event.target.value as typeof span })} className="h-8 w-auto border-line text-sm">{spans.map((one) => <option key={one} value={one}>{say(`d${Number.parseInt(one, 10)}` as 'd7')}</option>)}</Select>
        <Select aria-label={say('by')} value={by} onChange={(event) => set({ by: event.target.value as typeof by })} className="h-8 w-auto border-line text-sm">{groups.map((one) => <option key={one} value={one}>{say('by')}: {say(one)}</option>)}</Select>
        <span className="ms-auto flex items-center gap-1"><AsOf at={days.at ? new Date(days.at) : null} locale={lang} /><CopyRequest method="GET" path={`/v1/billing/usage?group_by=${by}`} /></span>
      </div>
      <h2 className="sr-only">{say('spend')}</h2>
      <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
        <KpiTile label={say('today')} source={source} state={tile((day) => number.money(day.budget.spent, day.currency))} />
        <KpiTile label={say('budget')} source={source} state={tile((day) => (day.budget.ratio === null ? null : number.share(day.budget.ratio)), say('noBudget'))} />
        <KpiTile label={say('callsToday')} source={source} state={tile((day) => number.whole(totalOf(day).calls))} />
        <KpiTile label={say('unknownToday')} source={source} state={tile((day) => number.whole(totalOf(day).unknown))} />
      </div>
      {unknown > 0 ? <Banner tone="warn" title={say('unknownNote', { n: number.whole(unknown) })} /> : null}
      <div className="grid items-start gap-5 xl:grid-cols-2">
        <Card title={say('perDay')}><CardBody><DayChart what="cost" days={days.days} read={days.read} /></CardBody></Card>
        <Card title={say('tokensPerDay')}><CardBody><DayChart what="tokens" days={days.days} read={days.read} /></CardBody></Card>
      </div>
      <Card title={`${say('by')} ${say(by)}`}>
        {known.length === 0 ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : (
          <Table label={`${say('by')} ${say(by)}`} rows={lines} rowId={(line) => line.name} empty={<EmptyState icon={<Receipt />} title={say('first')} className="py-8">{say('firstText')}</EmptyState>}
            columns={[
              { id: 'name', header: say('name'), cell: (line) => <span className="font-mono text-sm">{line.name}</span> },
              { id: 'calls', header: say('calls'), cell: (line) => number.whole(line.calls), end: true },
              { id: 'in', header: say('tokensIn'), cell: (line) => number.whole(line.input), end: true },
              { id: 'out', header: say('tokensOut'), cell: (line) => number.whole(line.output), end: true },
              { id: 'unknown', header: say('unknownCost'), cell: (line) => number.whole(line.unknown), end: true },
              { id: 'cost', header: say('cost'), cell: (line) => number.money(line.cost, currency), end: true },
              { id: 'share', header: say('share'), cell: (line) => (whole === 0 ? <Unknown reason={say('free')} quiet /> : <Meter used={line.cost} of={whole} plain label={number.share(line.cost / whole)} className="w-28" />) },
            ]} />
        )}
      </Card>
    </div>
  );
};
