import { AsOf, Badge, Button, Card, CardBody, EmptyState, Field, Input } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FlaskConical } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import type { Policy } from './document.ts';
import { simulate } from './queries.ts';
import { effectTone } from './Rules.tsx';
import { route } from './screen.ts';
import { usePolicyWords } from './words.ts';

const lastDefault = 500;
const verdicts = ['allow', 'needs_approval', 'deny'] as const;

/** Decides recorded actions again, with the policy in force and with the one that is being written. Nothing is done. */
export const Simulator = ({ policy, isDraft }: { policy: Policy; isDraft: boolean }) => {
  const say = usePolicyWords();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { last = lastDefault } = route.useSearch();
  const run = useQuery({ queryKey: ['policies', 'simulate', JSON.stringify(policy), last], queryFn: () => simulate(policy, last), staleTime: 15_000 });
  const result = run.data;
  const when = instant(lang);
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <form key={last} className="flex flex-wrap items-end gap-3" onSubmit={(event) => { event.preventDefault(); const value = (event.currentTarget.elements.namedItem('last') as HTMLInputElement).valueAsNumber; void go({ search: (old) => ({ ...old, last: value }), replace: true }); void run.refetch(); }}>
        <Field label={say('last')}>{(parts) => <Input {...parts} name="last" type="number" min={1} max={10_000} step={1} required defaultValue={last} className="w-32" />}</Field>
        <Button type="submit" look="primary" busy={run.isFetching}>{say('runAgain')}</Button>
        <p className="pb-2 text-sm text-muted">{isDraft ? say('simulatesDraft') : say('simulatesCurrent')}</p>
        <span className="ms-auto flex items-center gap-2 pb-1"><AsOf at={run.dataUpdatedAt ? new Date(run.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="POST" path="/v1/policies/simulate" body={{ document: policy, last }} cli={`soma policy simulate policy.json --last ${last}`} /></span>
      </form>
      {run.error ? <Failure cause={run.error} onRetry={() => void run.refetch()} /> : !result ? <p role="status" className="text-muted">{say('simulating')}</p> : result.actions === 0 ? <EmptyState icon={<FlaskConical />} title={say('nothingRecorded')} action={<Link to="/chat/{-$session}" params={{}} className="underline">{say('goChat')}</Link>}>{say('nothingRecordedText')}</EmptyState> : (
        <>
          <Card title={say('outcome', { changed: result.changed.toLocaleString(lang), actions: result.actions.toLocaleString(lang) })} hint={say('span', { from: result.oldest ? when.format(new Date(result.oldest)) : '—', to: result.newest ? when.format(new Date(result.newest)) : '—' })}>
            <CardBody>
              <table className="w-full max-w-lg text-base" data-simulated={result.actions}>
                <thead className="text-xs text-muted"><tr className="*:py-1 *:font-medium"><th scope="col" className="text-start">{say('verdict')}</th><th scope="col" className="text-end">{say('before')}</th><th scope="col" className="text-end">{say('after')}</th><th scope="col" className="text-end">{say('difference')}</th></tr></thead>
                <tbody>{verdicts.map((verdict) => <tr key={verdict} className="border-t border-line *:py-1.5"><th scope="row" className="text-start font-normal"><Badge tone={effectTone[verdict]}>{say(verdict)}</Badge></th><td className="text-end tabular-nums">{result.before[verdict].toLocaleString(lang)}</td><td className="text-end tabular-nums">{result.after[verdict].toLocaleString(lang)}</td><td className="text-end tabular-nums">{(result.after[verdict] - result.before[verdict]).toLocaleString(lang, { signDisplay: 'exceptZero' })}</td></tr>)}</tbody>
              </table>
            </CardBody>
          </Card>
          <Card title={say('changedOnes')} hint={result.changes.length < result.changed ? say('firstOnes', { n: result.changes.length, of: result.changed }) : undefined}>
            {result.changes.length === 0 ? <EmptyState title={say('nothingChanges')} className="py-6">{isDraft ? say('nothingChangesText') : say('nothingChangesCurrent')}</EmptyState> : (
              <ul className="max-h-[32rem] divide-y divide-line overflow-y-auto" tabIndex={0} aria-label={say('changedOnes')}>
                {result.changes.map((change) => (
                  <li key={change.id} className="flex flex-col gap-1 px-4 py-2.5">
                    <div className="flex flex-wrap items-center gap-2"><code className="font-mono text-sm">{change.kind}</code><span className="font-mono text-xs break-all text-muted">{change.resource}</span><span className="ms-auto flex items-center gap-1.5"><Badge tone={effectTone[change.before]}>{say(change.before)}</Badge><span aria-hidden>→</span><span className="sr-only">{say('after')}: </span><Badge tone={effectTone[change.after]}>{say(change.after)}</Badge></span></div>
                    <p className="text-sm text-muted"><time dateTime={change.asked_at}>{when.format(new Date(change.asked_at))}</time>{change.reasons.map((reason) => <span key={`${reason.code} ${reason.rule ?? ''}`}> · <code className="font-mono text-xs">{reason.code}</code> {reason.message}</span>)}</p>
                  </li>
                ))}
              </ul>
            )}
          </Card>
        </>
      )}
    </div>
  );
};
