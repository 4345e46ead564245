import { Badge, Banner, Button, Card, CardBody, Field, JsonView, Select, Unknown } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { withoutPatterns, type Schema } from '~/app/schemaForm.ts';
import { SchemaFields, useSchemaForm } from '~/app/SchemaForm.tsx';
import { approvalHeader, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { CallStatus } from './badges.tsx';
import { manifestOf, type AdapterView } from './queries.ts';
import { useToolWords } from './words.ts';

type Answer = Schemas['CallAnswer'];

/** What a dry run is filed under; it does nothing and leaves nothing. */
const tried = 'console';

export const Untrusted = ({ output }: { output: Schemas['CallOutput'] }) => {
  const say = useToolWords();
  return (
    <>
      <p className="text-sm text-muted">{say('untrustedText')} <span className="inline-flex flex-wrap gap-1">{output.taints.map((one) => <Badge key={one} tone="warn">{one}</Badge>)}</span></p>
      <JsonView value={output.text} label={say('result')} className="max-h-96" />
      {output.structured === null ? null : <details><summary className="cursor-pointer text-sm text-muted">{say('structured')}</summary><JsonView value={output.structured} label={say('structured')} className="mt-1 max-h-96" /></details>}
    </>
  );
};

const Result = ({ answer }: { answer: Answer }) => {
  const say = useToolWords();
  const number = useNumbers();
  return (
    <Card title={say('result')}>
      <CardBody className="flex flex-col gap-3">
        {answer.replayed ? <Banner tone="info" title={say('replayed')} /> : null}
        <Facts facts={[[say('status'), <CallStatus status={answer.status} />], answer.code ? [say('code'), <code className="font-mono text-sm">{answer.code}</code>] : null, [say('took'), number.ms(answer.duration_ms)], [say('cost'), answer.cost ?? <Unknown reason={say('noCost')} />], answer.rate_limit_remaining === null ? null : [say('limits'), say('rateLeft', { n: number.whole(answer.rate_limit_remaining) })]]} />
        <Untrusted output={answer.output} />
      </CardBody>
    </Card>
  );
};

const verdictTones = { allow: 'ok', needs_approval: 'warn', deny: 'bad' } as const;

const GateAnswer = ({ result }: { result: Schemas['ProvisionResult'] }) => {
  const say = useToolWords();
  const number = useNumbers();
  const { gate } = result;
  const known = gate && gate.verdict in verdictTones ? (gate.verdict as keyof typeof verdictTones) : null;
  return (
    <div role="status" className="flex flex-col gap-2 rounded-md border border-line bg-sunken p-3 text-sm" data-gate={gate?.verdict ?? result.status}>
      <p className="flex flex-wrap items-center gap-2"><span className="font-medium">{say('gateSays')}</span><Badge tone={known ? verdictTones[known] : 'bad'}>{known ? say(known) : (gate?.verdict ?? result.status)}</Badge>{gate ? <span className="text-muted tabular-nums">{say('score', { score: number.decimal(gate.score), threshold: number.decimal(gate.threshold) })}</span> : null}</p>
      <p>{result.message} {result.code ? <code className="font-mono text-xs">{result.code}</code> : null}</p>
      {gate && gate.reasons.length > 0 ? <ul className="flex flex-col gap-1">{gate.reasons.map((reason) => <li key={`${reason.code} ${reason.rule ?? ''}`}><code className="font-mono text-xs">{reason.code}</code> {reason.message}{reason.remedy ? <span className="text-muted"> {reason.remedy}</span> : null}</li>)}</ul> : null}
      <p className="text-muted">{say('gateHint')}</p>
    </div>
  );
};

const Form = ({ adapter, action, schema }: { adapter: string; action: string; schema: Schema }) => {
  const say = useToolWords();
  const client = useQueryClient();
  const form = useSchemaForm(withoutPatterns(schema));
  const [answer, setAnswer] = useState<Answer | null>(null);
  const key = useRef('');
  const body = { action, arguments: (form.value ?? {}) as never };
  const gate = useMutation({ mutationFn: async () => (await bodyOf(api.POST('/v1/provision', { body: { deliverable_id: tried, dry_run: true, actions: [{ tool: adapter, action, arguments: body.arguments }] } }))).results[0]! });
  const keys = useTwoKeys(
    async (sent: typeof body, approval) => {
      // With the yes it is the same intended effect, so it keeps its key.
      if (approval === null) key.current = newKey();
      return bodyOf(api.POST('/v1/adapters/{id}/execute', { params: { path: { id: adapter } }, headers: { 'Idempotency-Key': key.current, ...approvalHeader(approval) }, body: sent }));
    },
    (done) => {
      setAnswer(done as Answer);
      void client.invalidateQueries({ queryKey: ['tools', 'calls', adapter] });
    },
  );
  const whole = (act: () => void) => (form.value === null ? form.showFaults() : act());
  return (
    <>
      <form className="flex flex-col gap-4" noValidate onSubmit={(event) => { event.preventDefault(); whole(() => { setAnswer(null); keys.ask(body); }); }}>
        <SchemaFields form={form} />
        <TwoKeys keys={keys} />
        <FailureLine cause={gate.error} />
        {gate.data ? <GateAnswer result={gate.data} /> : null}
        {keys.asked ? null : (
          <div className="flex flex-wrap items-center gap-2">
            <Button look="primary" type="submit" busy={keys.busy}>{say('callNow')}</Button><Button busy={gate.isPending} onClick={() => whole(() => gate.mutate())}>{say('askGate')}</Button>
            <CopyRequest method="POST" path={`/v1/adapters/${adapter}/execute`} body={body} cli={`soma tool call ${adapter}.${action} --arguments '${JSON.stringify(body.arguments).replaceAll("'", "'\\''")}'`} />
          </div>
        )}
      </form>
      {answer ? <Result answer={answer} /> : null}
    </>
  );
};

/** A call made by hand: the arguments in the form of the action's own schema, the gate's word beforehand, and the approval where one is asked. */
export const CallForm = ({ view, action, onAction }: { view: AdapterView; action: string | undefined; onAction: (name: string) => void }) => {
  const say = useToolWords();
  const all = manifestOf(view).actions ?? [];
  const chosen = all.find((one) => one.name === action) ?? all[0];
  if (view.adapter.status !== 'enabled' || !chosen) return <p className="p-5 text-muted">{all.length === 0 ? say('noActions') : say('cannotCall')}</p>;
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5 max-sm:p-3">
      <Field label={say('action')} hint={chosen.description}>{(parts) => <Select {...parts} value={chosen.name} onChange={(event) => onAction(event.target.value)}>{all.map((one) => <option key={one.name}>{one.name}</option>)}</Select>}</Field>
      <Form key={chosen.name} adapter={view.adapter.id} action={chosen.name} schema={chosen.input ?? {}} />
    </div>
  );
};
