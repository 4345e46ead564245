import { Badge, Button, Card, CardBody, CopyButton, EmptyState, Field, KpiTile, Select, TextArea, type KpiState } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Zap } from 'lucide-react';
import { useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { untold } from '~/app/tile.ts';
import { modelsQuery, tryModel } from './queries.ts';
import { route } from './screen.ts';
import { useModelWords } from './words.ts';

const source = 'POST /v1/chat/completions';

/** One real call of one model, with what it took and what it cost. */
export const TestCall = () => {
  const say = useModelWords();
  const number = useNumbers();
  const go = route.useNavigate();
  const client = useQueryClient();
  const { model = '' } = route.useSearch();
  const models = useQuery(modelsQuery);
  const [prompt, setPrompt] = useState(say('promptDefault'));
  const tried = useMutation({ mutationFn: (asked: string) => tryModel(asked, prompt), onSettled: () => client.invalidateQueries({ queryKey: ['models', 'telemetry'] }) });
  const answer = tried.data;
  const tile = (value: string | null, reason: string): KpiState => (answer && value !== null ? { kind: 'ok', value, at: answer.at } : untold(reason));
  return (
    <div className="grid items-start gap-5 p-5 lg:grid-cols-[24rem_1fr]">
      <Card title={say('test')} actions={<CopyRequest method="POST" path="/v1/chat/completions" body={{ model, messages: [{ role: 'user', content: prompt }] }} cli={`soma model test ${model || 'MODEL'}`} />}>
        <CardBody>
          <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); tried.mutate(model); }}>
            <Field label={say('model')}>{(parts) => <Select {...parts} required value={model} onChange={(event) => void go({ to: '/models', search: (old) => ({ ...old, model: event.target.value || undefined }), replace: true })}><option value="">{say('pick')}</option>{models.data?.data.map((one) => <option key={`${one.provider}/${one.id}`} value={one.id}>{one.id} · {one.provider}</option>)}</Select>}</Field>
            <Field label={say('prompt')}>{(parts) => <TextArea {...parts} required maxLength={4000} value={prompt} onChange={(event) => setPrompt(event.target.value)} />}</Field>
            <Button look="primary" type="submit" busy={tried.isPending} disabled={model === '' || prompt.trim() === ''} className="self-start"><Zap aria-hidden className="size-4" />{say('run')}</Button>
          </form>
        </CardBody>
      </Card>
      {tried.error ? <Failure cause={tried.error} /> : !answer ? <EmptyState icon={<Zap />} title={say('first')}>{say('firstText')}</EmptyState> : (
        <div className="flex flex-col gap-4">
          <h2 className="sr-only">{say('answer')}</h2>
          <div className="grid gap-4 sm:grid-cols-2 2xl:grid-cols-4">
            <KpiTile label={say('latency')} source={source} state={tile(number.ms(answer.latencyMs), '')} />
            <KpiTile label={say('overhead')} source={source} state={tile(answer.overheadMs === null ? null : number.ms(answer.overheadMs), say('notCounted'))} />
            <KpiTile label={say('tokens')} source={source} state={tile(answer.input === null || answer.output === null ? null : `${number.whole(answer.input)} → ${number.whole(answer.output)}`, say('usageUnknown'))} />
            <KpiTile label={say('cost')} source={source} state={tile(answer.cost, say('costUnknown'))} />
          </div>
          <Card title={say('answer')} hint={answer.answeredBy ? `${say('answeredBy')} ${answer.answeredBy}` : undefined} actions={answer.answeredBy && !answer.answeredBy.endsWith(`/${tried.variables}`) ? <Badge tone="warn">{say('another')}</Badge> : null}>
            <CardBody className="flex flex-col gap-3"><p className="break-words whitespace-pre-wrap">{answer.text}</p>{answer.callId ? <div className="flex flex-wrap items-center gap-3"><CopyButton value={answer.callId} label={say('callId')} /><Link to="/audit" search={{ q: answer.callId }} className="text-sm underline">{say('journal')}</Link></div> : null}</CardBody>
          </Card>
        </div>
      )}
    </div>
  );
};
