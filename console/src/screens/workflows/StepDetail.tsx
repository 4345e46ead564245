import { Badge, Banner, Button, JsonView, StepState, Unknown } from '@somastack/uix';
import { Link } from '@tanstack/react-router';
import { Facts } from '~/app/Facts.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import { costOf } from './cost.ts';
import type { Step } from './queries.ts';
import { took } from './took.ts';
import { useRunWords } from './words.ts';

const itemsMax = 50;
const currency = 'USD';

/** A record is `session/ID`, `tool_call/ID` or `run/ID`; the first and the last have a page. */
const Recorded = ({ record }: { record: string }) => {
  const [kind, id = ''] = record.split('/');
  if (kind === 'session') return <Link to="/chat/{-$session}" params={{ session: id }} className="font-mono text-xs underline">{record}</Link>;
  if (kind === 'run') return <Link to="/workflows/{-$run}" params={{ run: id }} className="font-mono text-xs underline">{record}</Link>;
  if (kind === 'tool_call') return <Link to="/tools/{-$adapter}" params={{ adapter: undefined }} search={{ call: id }} className="font-mono text-xs underline">{record}</Link>;
  return <code className="font-mono text-xs break-all">{record}</code>;
};

/** All that is known of one step, or of one item of a fan-out. */
export const StepDetail = ({ step, onStep, onFork }: { step: Step; onStep: (path: string) => void; onFork?: () => void }) => {
  const say = useRunWords();
  const lang = useLanguage();
  const number = useNumbers();
  const when = (text: string) => <time dateTime={text} className="tabular-nums">{instant(lang).format(new Date(text))}</time>;
  const items = step.items ?? [];
  const cost = costOf(step);
  return (
    <div className="flex flex-col gap-5">
      {step.failure ? <Banner tone="bad" title={step.failure.code}>{step.failure.detail}</Banner> : null}
      <Facts facts={[
        [say('status'), <StepState state={step.status} />], [say('action'), <code className="font-mono text-sm">{step.action}</code>], items.length > 0 ? null : [say('attempt'), number.whole(step.attempt)],
        [say('began'), step.started_at ? when(step.started_at) : say('notBegun')], step.ended_at ? [say('ended'), when(step.ended_at)] : null, step.started_at && step.ended_at ? [say('took'), took(number, Date.parse(step.ended_at) - Date.parse(step.started_at))] : null,
        [say('tokens'), number.whole(items.length > 0 ? items.reduce((sum, item) => sum + item.tokens, 0) : step.tokens)], [say('cost'), cost === null ? <Unknown reason={say('costUnknown')} /> : number.money(cost, currency)], step.record ? [say('record'), <Recorded record={step.record} />] : null,
        step.approval ? [say('approval'), <Link to="/inbox" search={{ id: step.approval, state: 'all' }} className="underline">{say('readApproval')}</Link>] : null,
        step.taints.length > 0 ? [say('taints'), <span className="flex flex-wrap gap-1">{step.taints.map((one) => <Badge key={one} tone="warn">{one}</Badge>)}</span>] : null,
      ]} />
      {items.length > 0 ? (
        <section>
          <h3 className="mb-1.5 text-base font-semibold">{say('items')}</h3>
          <ul className="flex flex-col divide-y divide-line rounded-md border border-line">{items.slice(0, itemsMax).map((item) => <li key={item.path} className="flex flex-wrap items-center gap-2 px-3 py-1.5"><button type="button" className="font-mono text-sm underline" onClick={() => onStep(item.path)}>{item.path}</button><StepState state={item.status} />{item.failure ? <span className="text-sm text-muted">{item.failure.code}</span> : null}</li>)}</ul>
          {items.length > itemsMax ? <p className="mt-1 text-sm text-muted">{say('moreItems', { n: number.whole(items.length - itemsMax) })}</p> : null}
        </section>
      ) : null}
      <section><h3 className="mb-1.5 text-base font-semibold">{say('params')}</h3>{items.length > 0 ? <p className="text-sm text-muted">{say('ofItems')}</p> : step.params === null ? <Unknown reason={say('notBegun')} /> : <JsonView value={step.params} label={say('params')} className="max-h-72" />}</section>
      <section><h3 className="mb-1.5 text-base font-semibold">{say('output')}</h3>{items.length > 0 ? <p className="text-sm text-muted">{say('ofItems')}</p> : step.output === null ? <p className="text-sm text-muted">{say('noOutput')}</p> : <JsonView value={step.output} label={say('output')} className="max-h-96" />}</section>
      {onFork ? <Button size="sm" className="self-start" onClick={onFork}>{say('forkHere')}</Button> : null}
    </div>
  );
};
