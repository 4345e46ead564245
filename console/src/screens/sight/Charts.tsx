import { buttonLook, Card, CardBody, EmptyState, Skeleton } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Gauge } from 'lucide-react';
import { Suspense, useMemo } from 'react';
import { BarChart } from '~/charts/lazy.ts';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { scoresQuery } from '../benchmarks/queries.ts';
import { DayChart } from '../usage/DayChart.tsx';
import { useDays } from '../usage/queries.ts';
import { scoreOption } from './scoreChart.ts';
import { useSightWords } from './words.ts';

const shownDays = 14;
const rowHeight = 34;
const frame = 40;

const Scores = () => {
  const say = useSightWords();
  const number = useNumbers();
  const scores = useQuery(scoresQuery({}));
  const option = useMemo(() => scoreOption(scores.data?.data ?? []), [scores.data]);
  if (scores.error) return <Failure cause={scores.error} onRetry={() => void scores.refetch()} compact />;
  if (!scores.data) return <CardBody><Skeleton className="h-40" /></CardBody>;
  const rows = scores.data.data;
  if (rows.length === 0) return <EmptyState icon={<Gauge />} title={say('noScores')} action={<Link to="/benchmarks" search={{ tab: 'runs' }} className={buttonLook({ size: 'sm' })}>{say('startRun')}</Link>} className="py-8">{say('noScoresText')}</EmptyState>;
  return <CardBody><Suspense fallback={<Skeleton className="h-40" />}><BarChart option={option} height={rows.length * rowHeight + frame} text={rows.map((one) => `${one.model} · ${one.task} ${number.fixed(one.score)} (${number.fixed(one.interval.low)} – ${number.fixed(one.interval.high)})`).join('; ')} /></Suspense></CardBody>;
};

/** What is measured over time, and how the models stand. */
export const Charts = () => {
  const say = useSightWords();
  const { capabilities } = useSuspenseQuery(meQuery).data;
  const bills = capabilities.includes('billing:read');
  const days = useDays(shownDays, 'model', bills);
  const none = (capability: string) => <EmptyState title="—" className="py-8">{say('noRight', { capability })}</EmptyState>;
  return (
    <div className="grid items-start gap-5 xl:grid-cols-2">
      <Card title={say('perDay')}>{bills ? <CardBody><DayChart what="cost" days={days.days} read={days.read} /></CardBody> : none('billing:read')}</Card>
      <Card title={say('tokensPerDay')}>{bills ? <CardBody><DayChart what="tokens" days={days.days} read={days.read} /></CardBody> : none('billing:read')}</Card>
      <Card title={say('scores')} className="xl:col-span-2">{capabilities.includes('benchmark:read') ? <Scores /> : none('benchmark:read')}</Card>
    </div>
  );
};
