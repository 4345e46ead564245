import { JsonView, Unknown } from '@somastack/uix';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import { runsQuery, type RunDetail } from './queries.ts';
import { RunStatus } from './RunStatus.tsx';
import { useRunWords } from './words.ts';

const RunLink = ({ id }: { id: string }) => <Link to="/workflows/{-$run}" params={{ run: id }} className="font-mono text-xs break-all underline">{id}</Link>;

/** Where a run comes from, what it was given, what it gave. */
export const About = ({ run }: { run: RunDetail }) => {
  const say = useRunWords();
  const lang = useLanguage();
  const number = useNumbers();
  const me = useSuspenseQuery(meQuery).data;
  const nested = useInfiniteQuery(runsQuery({ parent: run.run_id }));
  const children = nested.data?.pages.flatMap((page) => page.data) ?? [];
  const when = (text: string) => <time dateTime={text} className="tabular-nums">{instant(lang).format(new Date(text))}</time>;
  const code = (text: string) => <code className="font-mono text-xs break-all">{text}</code>;
  return (
    <div className="flex flex-col gap-5 p-4">
      <Facts facts={[
        [say('runId'), code(run.run_id)], [say('capsule'), code(`${run.capsule} ${run.version}`)], [say('digest'), code(run.capsule_digest)], [say('starter'), run.starter], run.initiator ? [say('initiator'), run.initiator] : null, [say('host'), run.host],
        run.parent ? [say('parent'), <RunLink id={run.parent} />] : null, run.forked_from ? [say('forkedFrom'), <RunLink id={run.forked_from} />] : null, run.notification_channel ? [say('channel'), run.notification_channel] : null,
        [say('created'), when(run.created_at)], run.ended_at ? [say('ended'), when(run.ended_at)] : null, [say('events'), number.whole(run.events)], [say('chain'), code(run.history_sha256)], run.taints.length > 0 ? [say('taints'), run.taints.join(', ')] : null,
        [say('nested'), nested.error ? <Unknown reason={nested.error.message} /> : children.length === 0 ? say('noNested') : <ul className="flex flex-col gap-1">{children.map((one) => <li key={one.run_id} className="flex flex-wrap items-center gap-2"><RunLink id={one.run_id} /><RunStatus status={one.status} /></li>)}</ul>],
      ]} />
      <section><h3 className="mb-1.5 text-base font-semibold">{say('inputs')}</h3><JsonView value={run.inputs} label={say('inputs')} className="max-h-72" /></section>
      <section><h3 className="mb-1.5 text-base font-semibold">{say('outputs')}</h3>{run.outputs === null ? <p className="text-sm text-muted">{say('noOutputs')}</p> : <JsonView value={run.outputs} label={say('outputs')} className="max-h-96" />}</section>
      {run.metadata === null ? null : <section><h3 className="mb-1.5 text-base font-semibold">{say('metadata')}</h3><JsonView value={run.metadata} label={say('metadata')} className="max-h-48" /></section>}
      <div className="flex flex-wrap items-center gap-3"><CopyRequest method="GET" path={`/v1/mao/${run.run_id}/history`} cli={`soma workflow tail ${run.run_id}`} />{me.capabilities.includes('audit:read') ? <Link to="/audit" search={{ q: run.run_id }} className="text-sm underline">{say('inJournal')}</Link> : null}</div>
    </div>
  );
};
