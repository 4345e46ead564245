import { AsOf, Banner, Card, EmptyState, Interval, Select, StatusLed, Table, Unknown } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Cpu } from 'lucide-react';
import type { Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { circuitsQuery, modelsQuery, telemetryQuery } from './queries.ts';
import { healthOf, rowsOf, type ModelRow } from './rows.ts';
import { route, windows } from './screen.ts';
import { useModelWords } from './words.ts';

const Rate = ({ share, of }: { share: Schemas['Share'] | null; of: number }) => {
  const say = useModelWords();
  const number = useNumbers();
  if (share === null) return <Unknown reason={of === 0 ? say('noCalls') : say('notCounted')} quiet />;
  return <Interval value={share.value} low={share.low} high={share.high} label={`${number.share(share.value)} (${number.shares(share.low, share.high)})`} />;
};

/** Every model with what its calls showed: times, errors and refusals with their intervals. */
export const Providers = () => {
  const say = useModelWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const { window = '7d' } = route.useSearch();
  const models = useQuery(modelsQuery);
  const telemetry = useQuery(telemetryQuery(window));
  const circuits = useQuery(circuitsQuery);
  if (models.error) return <Failure cause={models.error} onRetry={() => void models.refetch()} />;
  if (telemetry.error) return <Failure cause={telemetry.error} onRetry={() => void telemetry.refetch()} />;
  if (!models.data || !telemetry.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const rows = rowsOf(models.data.data, telemetry.data.data);
  const opened = (row: ModelRow) => circuits.data?.find((one) => one.labels.provider === row.provider && one.labels.model === row.model)?.value;
  const time = (ms: number | null | undefined) => (ms === null || ms === undefined ? <Unknown reason={say('noCalls')} quiet /> : number.ms(ms));
  const degraded = models.data.degraded_reasons ?? [];
  return (
    <div className="flex flex-col gap-5 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <label className="flex items-center gap-2 text-sm text-muted">{say('window')}<Select value={window} onChange={(event) => void go({ to: '/models', search: (old) => ({ ...old, window: event.target.value as typeof window }), replace: true })} className="h-8 w-auto border-line text-sm">{windows.map((one) => <option key={one} value={one}>{say(`w${one}`)}</option>)}</Select></label>
        <span className="ms-auto flex items-center gap-1"><AsOf at={new Date(telemetry.dataUpdatedAt)} locale={lang} /><CopyRequest method="GET" path={`/v1/models/telemetry?window=${window}`} cli="soma model list" /></span>
      </div>
      {degraded.length > 0 ? <Banner tone="warn" title={say('degraded')}>{degraded.join(', ')}</Banner> : null}
      <Card>
        <Table label={say('providers')} rows={rows} rowId={(row) => row.id} empty={<EmptyState icon={<Cpu />} title={say('none')}>{say('noneText')}</EmptyState>}
          columns={[
            { id: 'model', header: say('model'), cell: (row) => <span className="flex flex-col"><StatusLed state={healthOf(row)} label={row.listed ? row.model : `${row.model} · ${say('notListed')}`} className="text-base" /><span className="ps-4 text-xs font-normal text-muted">{row.provider}</span></span> },
            { id: 'calls', header: say('calls'), cell: (row) => (row.measured ? number.whole(row.measured.calls) : <Unknown reason={say('noCalls')} quiet />), end: true },
            { id: 'p50', header: say('p50'), cell: (row) => time(row.measured?.latency_ms.p50), end: true },
            { id: 'p95', header: say('p95'), cell: (row) => time(row.measured?.latency_ms.p95), end: true },
            { id: 'ttft', header: say('ttft'), cell: (row) => time(row.measured?.time_to_first_token_ms.p50), end: true },
            { id: 'errors', header: say('errors'), cell: (row) => <Rate share={row.measured?.error_rate ?? null} of={row.measured?.calls ?? 0} /> },
            { id: 'refusals', header: say('refusals'), cell: (row) => <Rate share={row.measured?.refusal_rate ?? null} of={row.measured?.calls ?? 0} /> },
            { id: 'breaker', header: say('opened'), cell: (row) => { const times = opened(row); return times === undefined ? <Unknown reason={circuits.error ? say('noMetrics') : say('neverOpened')} quiet /> : number.whole(times); }, end: true },
            { id: 'try', header: '', cell: (row) => (row.listed ? <Link from={route.fullPath} to="/models" search={(old) => ({ ...old, tab: 'test' as const, model: row.model })} className="text-sm underline">{say('tryIt')}</Link> : null), end: true },
          ]} />
      </Card>
      <p className="text-xs text-muted">{say('legend')}</p>
      <p className="text-xs text-muted">{say('opened')}: {say('breakerHint')}</p>
    </div>
  );
};
