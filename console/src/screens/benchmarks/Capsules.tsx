import { Badge, Banner, Card, EmptyState, Table, Unknown } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { useCommon } from '~/i18n/common.ts';
import { capsulesQuery } from './queries.ts';
import { useBenchmarkWords } from './words.ts';

/** The questions that models are asked. */
export const Capsules = () => {
  const say = useBenchmarkWords();
  const common = useCommon();
  const number = useNumbers();
  const capsules = useQuery(capsulesQuery);
  if (capsules.error) return <Failure cause={capsules.error} onRetry={() => void capsules.refetch()} />;
  if (!capsules.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  return (
    <div className="flex flex-col gap-4 p-5">
      {capsules.data.faults.length > 0 ? <Banner tone="warn" title={say('faults')}>{capsules.data.faults.join('; ')}</Banner> : null}
      <Card title={say('capsules')} actions={<CopyRequest method="GET" path="/v1/benchmarks" cli="soma bench --list" />}>
        <Table label={say('capsules')} rows={capsules.data.data} rowId={(one) => one.id} empty={<EmptyState icon={<FlaskConical />} title={say('noCapsules')}>{say('noCapsulesText')}</EmptyState>}
          columns={[
            { id: 'id', header: say('capsule'), cell: (one) => <span className="flex flex-col items-start gap-1">{one.id}{one.skipped ? <Badge tone="warn">{say('skipped', { why: one.skipped })}</Badge> : null}</span> },
            { id: 'task', header: say('task'), cell: (one) => one.task },
            { id: 'items', header: say('items'), cell: (one) => number.whole(one.items), end: true },
            { id: 'grader', header: say('grader'), cell: (one) => <span className="font-mono text-xs">{one.grader}</span> },
            { id: 'threshold', header: say('threshold'), cell: (one) => (one.quality_threshold === null ? <Unknown reason={say('noThreshold')} quiet /> : number.fixed(one.quality_threshold)), end: true },
            { id: 'text', header: say('description'), cell: (one) => <span className="block max-w-prose text-sm text-muted">{one.description}</span>, wrap: true },
          ]} />
      </Card>
    </div>
  );
};
