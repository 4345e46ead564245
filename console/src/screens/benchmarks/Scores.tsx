import { AsOf, Badge, Button, buttonLook, Card, Drawer, EmptyState, Interval, Select, Table, Unknown } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Gauge } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { choicesOf, partsOf, scoreId, type Part } from './parts.ts';
import { scoresQuery, termNames, type Score } from './queries.ts';
import { route } from './screen.ts';
import { useBenchmarkWords } from './words.ts';

const windows = [7, 30, 90];

const Value = ({ part: { value, low, high } }: { part: Part }) => {
  const say = useBenchmarkWords();
  const number = useNumbers();
  if (value === null) return <Unknown reason={say('notKnown')} />;
  // Of a cost or a latency there may be one figure and no interval yet.
  if (low === null || high === null) return <span className="tabular-nums">{number.decimal(value)}</span>;
  return <Interval value={value} low={low} high={high} label={say('value', { value: number.decimal(value), low: number.fixed(low), high: number.fixed(high) })} />;
};

const Detail = ({ score, currency, reference }: { score: Score; currency: string; reference: { cost: number; latency: number } }) => {
  const say = useBenchmarkWords();
  const number = useNumbers();
  return (
    <div className="flex flex-col gap-5">
      <section>
        <h3 className="mb-2 text-base font-semibold">{say('terms')}</h3>
        <Table label={say('terms')} rows={partsOf(score)} rowId={(one) => one.name} empty={null} className="rounded-md border border-line"
          columns={[
            { id: 'term', header: say('term'), cell: (one) => say(one.name) },
            { id: 'value', header: say('termValue'), cell: (one) => <Value part={one} /> },
            { id: 'weight', header: say('weight'), cell: ({ value, weight }) => (value === null ? null : number.decimal(weight)), end: true },
            { id: 'part', header: say('part'), cell: ({ part }) => (part === null ? null : number.decimal(part)), end: true },
          ]} />
      </section>
      <Facts facts={[
        [say('items'), number.whole(score.items)], [say('answered'), number.whole(score.answered)], [say('failed'), number.whole(score.failed)], [say('refused'), number.whole(score.refused)],
        [say('perfect'), score.perfect_share === null ? <Unknown reason={say('notGraded')} /> : number.share(score.perfect_share)],
        [say('meanCost'), score.mean_cost === null ? <Unknown reason={say('noCost')} /> : number.money(score.mean_cost, currency)], [say('p95'), score.p95_ms === null ? <Unknown reason={say('notAnswered')} /> : number.ms(score.p95_ms)],
      ]} />
      <p className="font-mono text-xs text-muted">{say('costNote', { reference: number.money(reference.cost, currency) })}<br />{say('latencyNote', { reference: number.ms(reference.latency) })}</p>
      <CopyRequest method="GET" path={`/v1/scores?task=${encodeURIComponent(score.task)}&model=${encodeURIComponent(score.model)}`} cli={`soma model score --task ${score.task}`} />
    </div>
  );
};

/** The room counts in US dollars only; see docs/model-benchmarks.md. */
const currency = 'USD';

/** Every model at every task, with the interval that its score is known to. */
export const Scores = () => {
  const say = useBenchmarkWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const { task, model, days, score: open } = route.useSearch();
  const all = useQuery(scoresQuery({ window_days: days }));
  const set = (change: { task?: string; model?: string; days?: number; score?: string }) => void go({ to: '/benchmarks', search: (old) => ({ ...old, ...change }), replace: true });
  if (all.error) return <Failure cause={all.error} onRetry={() => void all.refetch()} />;
  if (!all.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const { data, weights, mode } = all.data;
  const rows = data.filter((one) => (!task || one.task === task) && (!model || one.model === model));
  const shown = data.find((one) => scoreId(one) === open);
  const select = (name: 'task' | 'model', any: string, value: string | undefined) => <Select aria-label={say(name)} value={value ?? ''} onChange={(event) => set({ [name]: event.target.value || undefined })} className="h-8 w-44 border-line text-sm"><option value="">{any}</option>{[...new Set([...choicesOf(data, name), ...(value ? [value] : [])])].map((one) => <option key={one}>{one}</option>)}</Select>;
  return (
    <div className="flex flex-col gap-4 p-5">
      <div className="flex flex-wrap items-center gap-2">
        {select('task', say('anyTask'), task)}{select('model', say('anyModel'), model)}
        <Select aria-label={say('days')} value={all.data.window_days} onChange={(event) => set({ days: Number(event.target.value) })} className="h-8 w-auto border-line text-sm">{[...new Set([...windows, all.data.window_days])].sort((one, other) => one - other).map((one) => <option key={one} value={one}>{say('nDays', { n: one })}</option>)}</Select>
        <span className="ms-auto flex items-center gap-1"><AsOf at={new Date(all.data.as_of)} locale={lang} /><CopyRequest method="GET" path={`/v1/scores${days ? `?window_days=${days}` : ''}`} cli="soma model score" /></span>
      </div>
      <Card>
        <Table label={say('scores')} rows={rows} rowId={scoreId}
          empty={data.length > 0 ? <EmptyState icon={<Gauge />} title={say('noScore')} action={<Button size="sm" onClick={() => set({ task: undefined, model: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<Gauge />} title={say('firstScore')} action={<Link from={route.fullPath} to="/benchmarks" search={{ tab: 'runs' }} className={buttonLook({ size: 'sm' })}>{say('start')}</Link>}>{say('firstScoreText')}</EmptyState>}
          columns={[
            { id: 'model', header: say('model'), cell: (one) => <Link from={route.fullPath} to="/benchmarks" search={(old) => ({ ...old, score: scoreId(one) })} className="underline decoration-line-strong underline-offset-4">{one.model}</Link> },
            { id: 'task', header: say('task'), cell: (one) => one.task },
            { id: 'score', header: say('score'), cell: (one) => <Interval value={one.score} low={one.interval.low} high={one.interval.high} label={say('value', { value: number.fixed(one.score), low: number.fixed(one.interval.low), high: number.fixed(one.interval.high) })} /> },
            ...termNames.map((name) => ({ id: name, header: say(name), end: true, cell: (one: Score) => { const { value } = partsOf(one).find((each) => each.name === name)!; return value === null ? <Unknown reason={say('notKnown')} quiet /> : number.fixed(value); } })),
            { id: 'items', header: say('items'), cell: (one) => number.whole(one.items), end: true },
            { id: 'role', header: say('role'), cell: (one) => (one.role ? <Badge tone="accent">{one.role}</Badge> : null) },
          ]} />
      </Card>
      {data.length > 0 ? <p className="text-xs text-muted">{say('weights', { mode })}: {(['quality', 'cost', 'latency', 'reliability'] as const).map((name) => `${say(name)} ${number.decimal(weights[name])}`).join(' · ')}</p> : null}
      <Drawer open={shown !== undefined} onOpenChange={(to) => { if (!to) set({ score: undefined }); }} title={shown ? `${shown.model} · ${shown.task}` : ''} hint={shown ? say('value', { value: number.decimal(shown.score), low: number.decimal(shown.interval.low), high: number.decimal(shown.interval.high) }) : undefined} className="max-w-2xl">{shown ? <Detail score={shown} currency={currency} reference={{ cost: all.data.cost_reference, latency: all.data.latency_reference_ms }} /> : null}</Drawer>
    </div>
  );
};
