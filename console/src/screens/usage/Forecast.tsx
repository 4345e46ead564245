import { AsOf, Card, CardBody, EmptyState, KpiTile, Skeleton } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { LineChart } from 'lucide-react';
import { Suspense, useMemo } from 'react';
import { TimeChart } from '~/charts/lazy.ts';
import type { Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { tileOf } from '~/app/tile.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { forecastQuery } from './queries.ts';
import { useUsageWords } from './words.ts';

const source = 'GET /v1/billing/forecast';

const Next = ({ title, series, show }: { title: string; series: Schemas['ForecastSeriesView']; show: (value: number) => string }) => {
  const say = useUsageWords();
  const lang = useLanguage();
  const shown = useMemo(() => ({ days: (series.days ?? []).map((one) => one.day), lines: [{ label: say('forecastSeries'), role: 'info' as const, dashed: true, values: (series.days ?? []).map((one) => one.value), show }] }), [series, say, show]);
  return (
    <Card title={title} hint={series.points > 0 ? say('points', { n: series.points }) : undefined}>
      {shown.days.length === 0 ? <EmptyState icon={<LineChart />} title="—" className="py-8">{say('notEnough')}</EmptyState> : <CardBody><Suspense fallback={<Skeleton className="h-52" />}><TimeChart days={shown.days} series={shown.lines} lang={lang} text={shown.days.map((day, index) => `${day} ${show(shown.lines[0]!.values[index]!)}`).join('; ')} /></Suspense></CardBody>}
    </Card>
  );
};

/** The next seven days, with the error that the same method made on this tenant's own past. */
export const Forecast = () => {
  const say = useUsageWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const forecast = useQuery(forecastQuery);
  const currency = forecast.data?.currency ?? 'USD';
  const money = useMemo(() => (value: number) => number.money(value, currency), [number, currency]);
  if (forecast.error) return <Failure cause={forecast.error} onRetry={() => void forecast.refetch()} />;
  if (!forecast.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const tile = (value: (data: NonNullable<typeof forecast.data>) => number | null, show: (value: number) => string) => tileOf(forecast, (data) => { const known = value(data); return known === null ? null : show(known); }, say('noError'), say('failed'));
  return (
    <div className="flex flex-col gap-5 p-5">
      <div className="flex items-center justify-between gap-2"><p className="text-sm text-muted">{say('method')}: <code className="font-mono">{forecast.data.method}</code></p><span className="flex items-center gap-1"><AsOf at={new Date(forecast.dataUpdatedAt)} locale={lang} /><CopyRequest method="GET" path="/v1/billing/forecast" /></span></div>
      <h2 className="sr-only">{say('forecast')}</h2>
      <div className="grid gap-4 sm:grid-cols-3">
        <KpiTile label={say('history')} source={source} state={tile((data) => data.history_days, number.whole)} />
        <KpiTile label={say('mape')} source={source} state={tile((data) => data.money.mape, number.share)} />
        <KpiTile label={say('naive')} source={source} state={tile((data) => data.money.naive_mape, number.share)} />
      </div>
      <div className="grid items-start gap-5 xl:grid-cols-2"><Next title={say('moneyNext')} series={forecast.data.money} show={money} /><Next title={say('tokensNext')} series={forecast.data.tokens} show={number.whole} /></div>
    </div>
  );
};
