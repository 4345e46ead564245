import { Button, Card, CardBody, useToast } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { withoutPatterns, type Schema } from '~/app/schemaForm.ts';
import { SchemaFields, useSchemaForm } from '~/app/SchemaForm.tsx';
import { relativeTime } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import type { RunDetail, Wait } from './queries.ts';
import { useRunWords } from './words.ts';

/** What a step asks of a person, in the form that its capsule describes. */
const Form = ({ run, wait }: { run: string; wait: Wait }) => {
  const say = useRunWords();
  const toast = useToast();
  const client = useQueryClient();
  const form = useSchemaForm(withoutPatterns((wait.schema ?? {}) as Schema));
  const answer = useMutation({
    mutationFn: (data: Record<string, unknown>) => api.POST('/v1/mao/{id}/answer', { params: { path: { id: run }, header: { 'Idempotency-Key': newKey() } }, body: { path: wait.path, data: data as never } }),
    onSuccess: () => toast({ tone: 'ok', title: say('answered') }),
    onSettled: () => client.invalidateQueries({ queryKey: ['workflows', 'run', run] }),
  });
  return (
    <form className="mt-2 flex flex-col gap-3 rounded-md border border-line bg-bg p-3" noValidate onSubmit={(event) => { event.preventDefault(); if (form.value === null) form.showFaults(); else answer.mutate(form.value); }}>
      {wait.title ? <p className="font-medium break-words">{wait.title}</p> : null}
      <SchemaFields form={form} />
      <FailureLine cause={answer.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" size="sm" type="submit" busy={answer.isPending}>{say('answer')}</Button><CopyRequest method="POST" path={`/v1/mao/${run}/answer`} body={{ path: wait.path, data: form.value ?? {} }} /></div>
    </form>
  );
};

/** What must come from outside, each with the way to bring it. */
export const Waits = ({ run, maySteer, onSignal, onStep }: { run: RunDetail; maySteer: boolean; onSignal: (name: string) => void; onStep: (path: string) => void }) => {
  const say = useRunWords();
  const lang = useLanguage();
  const known = (kind: string) => kind === 'approval' || kind === 'signal' || kind === 'form' || kind === 'timer' || kind === 'nested';
  return (
    <Card title={say('waits')} className={run.waits.length > 0 ? 'max-lg:order-first' : undefined}>
      {run.waits.length === 0 ? <CardBody className="text-sm text-muted">{say('waitsNothing')}</CardBody> : (
        <ul aria-label={say('waits')} className="flex flex-col divide-y divide-line">
          {run.waits.map((wait) => (
            <li key={`${wait.kind} ${wait.path} ${wait.reference ?? ''}`} className="px-4 py-3">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
                <p className="min-w-0 flex-1"><button type="button" className="font-medium break-words underline" onClick={() => onStep(wait.path)}>{wait.path}</button> <span className="text-muted">· {known(wait.kind) ? say(`wait_${wait.kind as 'signal'}`, { name: wait.reference ?? '' }) : wait.kind}{wait.until ? <> · <time dateTime={wait.until}>{say('until', { when: relativeTime(new Date(wait.until), lang) })}</time></> : null}</span></p>
                {wait.kind === 'signal' && maySteer ? <Button size="sm" onClick={() => onSignal(wait.reference ?? '')}>{say('sendSignal')}…</Button> : null}
                {wait.kind === 'approval' && wait.reference ? <Link to="/inbox" search={{ id: wait.reference, state: 'all' }} className="text-sm underline">{say('readApproval')}</Link> : null}
              </div>
              {wait.kind === 'form' ? <Form key={wait.path} run={run.run_id} wait={wait} /> : null}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
};
