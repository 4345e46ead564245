import { Button, Card, CardBody, Field, Input, Select, TextArea, useToast } from '@somastack/uix';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { z } from 'zod';
import { FailureLine } from '~/app/Failure.tsx';
import { killSwitchQuery } from '~/app/queries.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { changeSwitch, type Scope } from './change.ts';
import { useStopWords } from './words.ts';

const scopes = ['tenant', 'persona', 'capsule', 'tool', 'platform'] as const;
const hasTarget = (scope: Scope) => scope === 'persona' || scope === 'capsule' || scope === 'tool';

/** Stopping is one press with a reason and a typed word: fast, and never by accident. */
export const EngageForm = ({ mayPlatform }: { mayPlatform: boolean }) => {
  const say = useStopWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const shape = z
    .object({ scope: z.enum(scopes), target: z.string().trim().max(200), reason: z.string().trim().min(1, say('needReason')).max(500), confirm: z.literal(say('word'), { error: say('typeToConfirm', { word: say('word') }) }) })
    .refine((form) => !hasTarget(form.scope) || form.target.length > 0, { path: ['target'], message: say('needTarget') });
  type Form = z.infer<typeof shape>;
  const form = useForm<Form>({ resolver: zodResolver(shape), defaultValues: { scope: 'tenant', target: '', reason: '', confirm: '' as Form['confirm'] } });
  const { errors } = form.formState;
  const scope = form.watch('scope');
  const engage = useMutation({
    mutationFn: (sent: Form) => stepUp(() => changeSwitch({ engaged: true, scope: sent.scope, target: hasTarget(sent.scope) ? sent.target : null, reason: sent.reason })),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('stoppedToast') });
      form.reset();
    },
    onSettled: () => client.invalidateQueries({ queryKey: killSwitchQuery.queryKey }),
  });
  return (
    <Card title={say('engage')} className="border-bad/40">
      <CardBody>
        <form onSubmit={(event) => void form.handleSubmit((sent) => engage.mutate(sent))(event)} className="flex flex-col gap-4" noValidate>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={say('scope')}>{(parts) => <Select {...parts} {...form.register('scope')}>{scopes.filter((one) => one !== 'platform' || mayPlatform).map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
            {hasTarget(scope) ? <Field label={say('target')} error={errors.target?.message}>{(parts) => <Input {...parts} {...form.register('target')} />}</Field> : null}
          </div>
          <Field label={say('reason')} hint={say('reasonHint')} error={errors.reason?.message}>{(parts) => <TextArea {...parts} {...form.register('reason')} maxLength={500} />}</Field>
          <Field label={say('typeToConfirm', { word: say('word') })} error={errors.confirm?.message}>{(parts) => <Input {...parts} {...form.register('confirm')} autoComplete="off" className="max-w-48" />}</Field>
          <FailureLine cause={engage.error} />
          <Button look="danger" type="submit" busy={engage.isPending} className="self-start">{say('engage')}</Button>
        </form>
      </CardBody>
    </Card>
  );
};
