import { AsOf, Badge, Banner, Button, Card, Drawer, RunGraph, StepTimeline, Tabs, Unknown, type TimedStep } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useState } from 'react';
import { aheadMs } from '~/app/clock.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers, type Numbers } from '~/app/numbers.ts';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { About } from './About.tsx';
import { Budget } from './Budget.tsx';
import { History } from './History.tsx';
import { isOpen, planQuery, type RunDetail, type Step } from './queries.ts';
import { RunStatus } from './RunStatus.tsx';
import { route, runTabs } from './screen.ts';
import { StepDetail } from './StepDetail.tsx';
import { Retry, Steering, type Steer } from './Steering.tsx';
import { took } from './took.ts';
import { useRun } from './useRun.ts';
import { Waits } from './Waits.tsx';
import { useRunWords } from './words.ts';

const manage = 'run:manage';
/** Items of one fan-out that the timeline shows; the step itself lists more. */
const itemsMax = 20;

const timedOf = (step: Step, now: number, number: Numbers, nested: boolean): TimedStep => {
  const [from, to] = [step.started_at ? Date.parse(step.started_at) : null, step.ended_at ? Date.parse(step.ended_at) : null];
  return { id: step.path, name: step.path, detail: step.action, state: step.status, attempt: step.attempt, from, to, took: from === null ? null : took(number, Math.max(0, (to ?? now) - from)), nested, note: step.failure ? <span className="break-words text-bad"><code className="font-mono text-xs">{step.failure.code}</code> {step.failure.detail}</span> : undefined };
};

const Graph = ({ run, selected, onSelect }: { run: RunDetail; selected: string | null; onSelect: (path: string) => void }) => {
  const say = useRunWords();
  const common = useCommon();
  const plan = useQuery(planQuery(run.run_id));
  if (plan.error) return <Failure cause={plan.error} onRetry={() => void plan.refetch()} compact />;
  if (plan.data === undefined) return <p role="status" className="p-4 text-muted">{common('loading')}</p>;
  if (plan.data === null) return <p className="p-4"><Unknown reason={say('noGraph')} /></p>;
  const states = new Map(run.steps.map((step) => [step.path, step.status]));
  return <RunGraph label={say('graph')} selected={selected} onSelect={onSelect} steps={plan.data.map((step) => ({ id: step.name, detail: step.action, after: step.after, state: states.get(step.name) ?? 'pending' }))} />;
};

/** What stands above everything: why it failed, that it stands still, that it is being undone. */
const State = ({ run, maySteer, onStep, onFork }: { run: RunDetail; maySteer: boolean; onStep: (path: string) => void; onFork: () => void }) => {
  const say = useRunWords();
  return (
    <>
      {run.paused === null ? null : <Banner tone="warn" title={say('pausedBy')}>{run.paused}</Banner>}
      {run.status === 'compensating' ? <Banner tone="info" title={say('compensatingNow')} /> : null}
      {run.failure ? (
        <Banner tone="bad" title={`${say('failedWith')}${run.failure.path ? ` ${say('failedAt', { path: run.failure.path })}` : ''}: ${run.failure.code}`} action={<div className="flex flex-wrap items-center gap-2">{run.failure.path ? <Button size="sm" onClick={() => onStep(run.failure!.path!)}>{say('openStep')}</Button> : null}{maySteer && run.status === 'failed' ? <><Button size="sm" onClick={onFork}>{say('fork')}</Button><Retry run={run} /></> : null}</div>}>
          {run.failure.detail} <span className="text-muted">{run.status === 'failed' ? say('failedHelp') : null}</span>
        </Banner>
      ) : null}
    </>
  );
};

/** One run: what it did and does, what it waits for, what it has left, and the ways to steer it. */
export const RunPage = ({ id }: { id: string }) => {
  const say = useRunWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { tab = 'timeline', step: open } = route.useSearch();
  const { detail, events, link } = useRun(id);
  const [steer, setSteer] = useState<Steer | null>(null);
  const back = <Link to="/workflows/{-$run}" params={{ run: undefined }} className="inline-flex items-center gap-1 text-sm underline"><ArrowLeft aria-hidden className="size-3.5 rtl:-scale-x-100" />{say('back')}</Link>;
  if (detail.error && !detail.data) return <><PageHead title={say('title')} actions={back} /><Failure cause={detail.error} onRetry={() => void detail.refetch()} /></>;
  if (!detail.data) return <><PageHead title={say('title')} actions={back} /><p role="status" className="p-6 text-muted">{common('loading')}</p></>;
  const run = detail.data;
  const set = (change: { tab?: (typeof runTabs)[number]; step?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const onStep = (path: string) => set({ step: path });
  const maySteer = run.starter === me.principal || me.capabilities.includes(manage);
  const goesOn = isOpen(run.status);
  const shown = run.steps.flatMap((step) => [step, ...(step.items ?? [])]).find((step) => step.path === open);
  const now = detail.dataUpdatedAt - aheadMs();
  const content = {
    timeline: () => <StepTimeline label={say('steps')} now={now} selected={open ?? null} onSelect={onStep} steps={run.steps.flatMap((step) => [timedOf(step, now, number, false), ...(step.items ?? []).slice(0, itemsMax).map((item) => timedOf(item, now, number, true))])} />,
    graph: () => <Graph run={run} selected={open ?? null} onSelect={onStep} />,
    history: () => <History id={id} live={events} />,
    about: () => <About run={run} />,
  };
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <PageHead title={run.name} hint={`${run.capsule} ${run.version}`} live={<span className="flex flex-wrap items-center gap-2"><RunStatus status={run.status} paused={run.paused} />{link === null ? null : <Badge tone={link === 'live' ? 'ok' : link === 'broken' ? 'warn' : 'neutral'} data-link={link}>{say(link)}</Badge>}<AsOf at={new Date(detail.dataUpdatedAt)} locale={lang} /></span>}
        actions={<>{maySteer && goesOn ? <><Button size="sm" onClick={() => setSteer({ verb: 'signal', name: run.waits.find((wait) => wait.kind === 'signal')?.reference ?? '' })}>{say('signal')}…</Button><Button size="sm" look="danger" onClick={() => setSteer({ verb: 'cancel' })}>{say('cancel')}</Button></> : null}{maySteer && run.status !== 'failed' ? <Button size="sm" onClick={() => setSteer({ verb: 'fork', step: '' })}>{say('fork')}</Button> : null}<CopyRequest method="GET" path={`/v1/mao/${id}`} cli={`soma workflow show ${id}`} />{back}</>} />
      <div className="mx-auto flex max-w-7xl flex-col gap-4 p-5 max-sm:p-3">
        <State run={run} maySteer={maySteer} onStep={onStep} onFork={() => setSteer({ verb: 'fork', step: run.failure?.path?.replace(/\[\d+\]$/, '') ?? '' })} />
        {maySteer ? null : <p className="text-sm text-muted">{say('cannotSteer', { who: run.starter })} <code className="font-mono">{manage}</code></p>}
        <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_21rem]">
          <Card className="min-w-0 overflow-hidden"><h2 className="sr-only">{say(tab)}</h2><Tabs label={say('title')} value={tab} onChange={(next) => set({ tab: next as (typeof runTabs)[number] })} tabs={runTabs.map((one) => ({ id: one, label: say(one), content: tab === one ? content[one]() : null }))} /></Card>
          <div className="flex min-w-0 flex-col gap-4 max-lg:contents"><Waits run={run} maySteer={maySteer} onSignal={(name) => setSteer({ verb: 'signal', name })} onStep={onStep} /><Budget budget={run.budget} /></div>
        </div>
      </div>
      <Drawer open={open !== undefined} onOpenChange={(to) => to || set({ step: undefined })} title={open ?? ''} hint={say('step')}>{open === undefined ? null : shown ? <StepDetail key={open} step={shown} onStep={onStep} onFork={maySteer && run.steps.includes(shown) ? () => { set({ step: undefined }); setSteer({ verb: 'fork', step: shown.path }); } : undefined} /> : <p className="text-muted">{say('noSuchStep')}</p>}</Drawer>
      {steer ? <Steering run={run} steer={steer} onClose={() => setSteer(null)} onForked={(next) => void go({ to: '/workflows/{-$run}', params: { run: next }, search: {} })} /> : null}
    </div>
  );
};
