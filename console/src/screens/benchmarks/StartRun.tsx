import { Button, CheckBox, Dialog, Field, Input, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { capsulesQuery, runsQuery } from './queries.ts';
import { useBenchmarkWords } from './words.ts';

const listOf = (text: string) => {
  const names = text.split(',').map((name) => name.trim()).filter(Boolean);
  return names.length > 0 ? names : null;
};

/** Asks the models the questions of some tasks. */
export const StartRun = ({ onClose, onStarted }: { onClose: () => void; onStarted: (id: string) => void }) => {
  const say = useBenchmarkWords();
  const toast = useToast();
  const client = useQueryClient();
  const capsules = useQuery(capsulesQuery).data?.data ?? [];
  const [models, setModels] = useState('');
  const [tasks, setTasks] = useState<readonly string[]>([]);
  const [key] = useState(newKey);
  const body = { models: listOf(models), tasks: tasks.length > 0 ? [...tasks] : null, capsules: null, repetitions: null, wait: null };
  const start = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/run', { params: { header: { 'Idempotency-Key': key } }, body })),
    onSuccess: (run) => {
      toast({ tone: 'ok', title: say('started') });
      onClose();
      onStarted(run.id);
    },
    onSettled: () => client.invalidateQueries({ queryKey: runsQuery.queryKey }),
  });
  const toggle = (task: string) => setTasks((old) => (old.includes(task) ? old.filter((one) => one !== task) : [...old, task]));
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('start')} hint={say('startText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); start.mutate(); }}>
        <Field label={say('models')} hint={say('modelsHint')}>{(parts) => <Input {...parts} value={models} onChange={(event) => setModels(event.target.value)} />}</Field>
        <fieldset><legend className="mb-1 text-sm font-medium">{say('tasks')}</legend><div className="flex flex-wrap gap-x-5 gap-y-1">{[...new Set(capsules.map((one) => one.task))].map((task) => <CheckBox key={task} label={task} checked={tasks.includes(task)} onChange={() => toggle(task)} />)}</div><p className="mt-1 text-sm text-muted">{tasks.length === 0 ? say('allTasks') : null}</p></fieldset>
        <FailureLine cause={start.error} />
        <div className="flex items-center gap-2"><Button look="primary" type="submit" busy={start.isPending}>{say('go')}</Button><CopyRequest method="POST" path="/v1/run" body={body} cli="soma bench models" /></div>
      </form>
    </Dialog>
  );
};
