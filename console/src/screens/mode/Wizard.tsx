import { Badge, Banner, Button, Card, CardBody, cn, EmptyState, Field, Input, TextArea, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ShieldAlert } from 'lucide-react';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { statusQuery } from '~/app/queries.ts';
import { approvalHeader, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { Guardrails } from './Guardrails.tsx';
import { modes, route } from './screen.ts';
import { comesAndGoes, dryRunOf, isDebug, isProduction, type DryRun, type Guardrail } from './wizard.ts';
import { useModeWords } from './words.ts';

const minutesMax = 1440;
const minutesFirst = 60;

/** What is in the way, each with its remedy. */
const Blocked = ({ run }: { run: DryRun }) => {
  const say = useModeWords();
  if (run.blocked.length === 0) return <Banner tone={run.allowed ? 'ok' : 'info'} title={run.allowed ? say('free') : say('same')}>{run.allowed ? (run.needs_second_key ? say('needsSecond') : say('needsOne')) : null}</Banner>;
  return (
    <section aria-label={say('blocked')} className="flex flex-col gap-2">
      <Banner tone="bad" title={say('blockedBy', { n: run.blocked.length })} />
      <ul className="flex flex-col divide-y divide-line rounded-md border border-line">
        {run.blocked.map((one) => (
          <li key={one.code} className="flex gap-3 px-4 py-3" data-blocked={one.code}>
            <ShieldAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
            <div className="min-w-0"><p className="break-words"><code className="me-2 font-mono text-xs text-muted">{one.code}</code>{one.refuses}</p><p className="text-sm break-words">{one.detail}</p><p className="text-sm break-words text-muted">{say('remedy')}: {one.remedy}</p></div>
          </li>
        ))}
      </ul>
    </section>
  );
};

/** Into another mode: choose, look what is in the way, change it. */
export const Wizard = ({ current, guardrails }: { current: string; guardrails: readonly Guardrail[] }) => {
  const say = useModeWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const go = route.useNavigate();
  const { mode, reason = '', minutes = minutesFirst } = route.useSearch();
  const [typed, setTyped] = useState('');
  const set = (change: { mode?: (typeof modes)[number]; reason?: string; minutes?: number }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const body = mode ? { mode, reason: reason.trim(), ...(isDebug(mode) ? { expires_in_minutes: minutes } : {}) } : null;
  const asked = JSON.stringify(body);
  const dryRun = useMutation({ mutationFn: (of: string) => stepUp(async () => ({ of, run: dryRunOf((await api.POST('/v1/deployment-mode', { body: { ...(JSON.parse(of) as NonNullable<typeof body>), dry_run: true }, params: { header: { 'Idempotency-Key': newKey() } } })).data) })) });
  const keys = useTwoKeys(
    async (sent: NonNullable<typeof body>, approval) => (await api.POST('/v1/deployment-mode', { body: { ...sent, dry_run: false }, params: { header: { 'Idempotency-Key': newKey() } }, headers: approvalHeader(approval) })).data!,
    (now) => {
      toast({ tone: 'ok', title: say('changed', { mode: now.mode }) });
      setTyped('');
      dryRun.reset();
      void client.invalidateQueries({ queryKey: ['mode'] });
      void client.invalidateQueries({ queryKey: statusQuery.queryKey });
      set({ mode: undefined, reason: undefined, minutes: undefined });
    },
  );
  // A dry run of something else says nothing about this.
  const run = dryRun.data?.of === asked ? dryRun.data.run : null;
  const { comes, goes } = comesAndGoes(guardrails, current, mode ?? current);
  const isReady = body !== null && body.reason !== '' && (!isDebug(body.mode) || (minutes >= 1 && minutes <= minutesMax));
  return (
    <>
      <Card title={say('choose')}>
        <CardBody>
          <fieldset className="grid gap-2 sm:grid-cols-2">
            <legend className="sr-only">{say('choose')}</legend>
            {modes.map((one) => (
              <label key={one} className={cn('flex cursor-pointer gap-3 rounded-md border border-line p-3 hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-focus', one === current && 'cursor-not-allowed')}>
                <input type="radio" name="mode" value={one} checked={mode === one} disabled={one === current || keys.asked !== null} onChange={() => set({ mode: one })} className="mt-1 size-4 shrink-0 accent-accent" />
                <span className="min-w-0"><span className="flex flex-wrap items-center gap-2 font-mono text-sm font-medium">{one}{one === current ? <Badge>{say('current')}</Badge> : null}</span><span className="block text-sm text-muted">{say(one)}</span></span>
              </label>
            ))}
          </fieldset>
        </CardBody>
      </Card>
      {mode && mode !== current ? (
        <>
          <Card title={say('differs', { from: current, to: mode })}>
            <CardBody className="grid gap-x-6 gap-y-3 md:grid-cols-2">
              <section><h3 className="text-sm font-medium text-muted">{say('comes')}</h3><Guardrails list={comes} empty={say('nothingComes')} /></section>
              <section><h3 className="text-sm font-medium text-muted">{say('goes')}</h3><Guardrails list={goes} empty={say('nothingGoes')} /></section>
            </CardBody>
          </Card>
          <Card title={say('check')} hint={say('checkHint')} actions={<CopyRequest method="POST" path="/v1/deployment-mode" body={{ ...body, dry_run: true }} />}>
            <CardBody>
              <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); dryRun.mutate(asked); }}>
                <Field label={say('reason')} hint={say('reasonHint')}>{(parts) => <TextArea {...parts} value={reason} onChange={(event) => set({ reason: event.target.value || undefined })} required maxLength={500} readOnly={keys.asked !== null} className="min-h-16" />}</Field>
                {isDebug(mode) ? <Field label={say('minutes')} hint={say('minutesHint', { max: minutesMax })}>{(parts) => <Input {...parts} type="number" min={1} max={minutesMax} step={1} required value={minutes} onChange={(event) => set({ minutes: event.target.valueAsNumber })} readOnly={keys.asked !== null} className="w-32" />}</Field> : null}
                <FailureLine cause={dryRun.error} />
                <Button look={run ? 'plain' : 'primary'} type="submit" busy={dryRun.isPending} disabled={!isReady || keys.asked !== null} className="self-start">{run ? say('checkAgain') : say('checkNow')}</Button>
                {run ? <Blocked run={run} /> : dryRun.isSuccess ? null : <EmptyState title={say('notChecked')} className="py-4" />}
              </form>
            </CardBody>
          </Card>
          {run?.allowed || keys.asked ? (
            <Card title={say('change')} className={isProduction(mode) ? 'border-bad/40' : undefined}>
              <CardBody>
                <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); if (body) keys.ask(body); }}>
                  {isProduction(mode) || isProduction(current) ? <Field label={say('typeMode', { mode })}>{(parts) => <Input {...parts} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" spellCheck={false} readOnly={keys.asked !== null} className="max-w-64 font-mono" />}</Field> : null}
                  <TwoKeys keys={keys} />
                  {keys.asked ? null : <Button look={isProduction(mode) ? 'danger' : 'primary'} type="submit" busy={keys.busy} disabled={(isProduction(mode) || isProduction(current)) && typed !== mode} className="self-start">{run?.needs_second_key ? say('askSecond') : say('changeNow')}</Button>}
                </form>
              </CardBody>
            </Card>
          ) : null}
        </>
      ) : null}
    </>
  );
};
