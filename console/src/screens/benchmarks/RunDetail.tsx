import { Badge, Banner, Button, Table, Unknown } from '@somastack/uix';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { resultsQuery, runQuery } from './queries.ts';
import { RunState } from './Runs.tsx';
import { useBenchmarkWords } from './words.ts';

const Results = ({ id }: { id: string }) => {
  const say = useBenchmarkWords();
  const number = useNumbers();
  const results = useInfiniteQuery(resultsQuery(id));
  const rows = results.data?.pages.flatMap((page) => page.data) ?? [];
  if (results.error) return <Failure cause={results.error} compact />;
  return (
    <>
      <Table label={say('results')} rows={rows} rowId={(one) => `${one.model} ${one.capsule} ${one.item} ${one.repetition}`} empty={results.data ? <p className="text-sm text-muted">{say('noResults')}</p> : null} className="max-h-96 overflow-y-auto rounded-md border border-line"
        columns={[
          { id: 'item', header: say('item'), cell: (one) => <span className="font-mono text-xs font-normal">{one.capsule}/{one.item}</span> },
          { id: 'state', header: say('state'), cell: (one) => <Badge tone={one.status === 'answered' ? (one.refused ? 'warn' : 'neutral') : one.status === 'failed' ? 'bad' : 'neutral'} title={one.reason ?? undefined}>{one.reason ?? one.status}</Badge> },
          { id: 'grade', header: say('grade'), cell: (one) => (one.quality === null ? <Unknown reason={say('notGraded')} quiet /> : number.fixed(one.quality)), end: true },
          { id: 'ms', header: say('latency'), cell: (one) => (one.latency_ms === null ? <Unknown reason={say('notAnswered')} quiet /> : number.ms(one.latency_ms)), end: true },
          { id: 'cost', header: say('cost'), cell: (one) => (one.cost === null || one.currency === null ? <Unknown reason={say('noCost')} quiet /> : number.money(one.cost, one.currency)), end: true },
          { id: 'why', header: '', cell: (one) => (one.call_id ? <Link to="/audit" search={{ q: one.call_id }} className="text-sm underline">{say('why')}</Link> : null) },
        ]} />
      {results.hasNextPage ? <Button size="sm" className="mt-2" busy={results.isFetchingNextPage} onClick={() => void results.fetchNextPage()}>{say('readMore')}</Button> : null}
    </>
  );
};

/** One run: what it asked of whom, what came of it, question by question. */
export const RunDetail = ({ id }: { id: string }) => {
  const say = useBenchmarkWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const view = useQuery(runQuery(id));
  if (view.error) return <Failure cause={view.error} onRetry={() => void view.refetch()} />;
  if (!view.data) return <p role="status" className="text-muted">{common('loading')}</p>;
  const run = view.data;
  const when = (text: string) => instant(lang).format(new Date(text));
  return (
    <div className="flex flex-col gap-5">
      {run.error ? <Banner tone="bad" title={run.error} /> : null}
      <Facts facts={[[say('state'), <RunState status={run.status} />], [say('model'), run.models.join(', ')], [say('capsules'), run.capsules.join(', ')], [say('cause'), run.cause], [say('created'), when(run.created_at)], run.started_at && run.ended_at ? [say('took'), number.ms(Date.parse(run.ended_at) - Date.parse(run.started_at))] : null]} />
      <section>
        <h3 className="mb-2 text-base font-semibold">{say('parts')}</h3>
        <Table label={say('parts')} rows={run.parts ?? []} rowId={(one) => `${one.model} ${one.task}`} empty={<p className="text-sm text-muted">{say('noResults')}</p>} className="rounded-md border border-line"
          columns={[
            { id: 'model', header: say('model'), cell: (one) => one.model },
            { id: 'task', header: say('task'), cell: (one) => one.task },
            { id: 'answered', header: say('answered'), cell: (one) => number.whole(one.answered), end: true },
            { id: 'failed', header: say('failed'), cell: (one) => number.whole(one.failed), end: true },
            { id: 'refused', header: say('refused'), cell: (one) => number.whole(one.refused), end: true },
            { id: 'quality', header: say('quality'), cell: (one) => (one.quality === null ? <Unknown reason={say('notGraded')} quiet /> : number.fixed(one.quality)), end: true },
            { id: 'p95', header: say('p95'), cell: (one) => (one.p95_ms === null ? <Unknown reason={say('notAnswered')} quiet /> : number.ms(one.p95_ms)), end: true },
            { id: 'skipped', header: '', cell: (one) => Object.entries(one.skipped ?? {}).map(([why, n]) => <span key={why} className="block text-sm text-muted">{say('skippedNote', { n: number.whole(n), why })}</span>) },
          ]} />
      </section>
      <section><h3 className="mb-2 text-base font-semibold">{say('results')}</h3><Results id={id} /></section>
      <CopyRequest method="GET" path={`/v1/run/${id}`} />
    </div>
  );
};
