import { Button, Dialog, Field, Input, Select, useToast } from '@somastack/uix';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { z } from 'zod';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { limitsQuery } from './queries.ts';
import { useUsageWords } from './words.ts';

const metrics = ['money', 'requests', 'tokens'] as const;
const windows = ['minute', 'hour', 'day', 'month'] as const;

export const LimitDialog = ({ onClose }: { onClose: () => void }) => {
  const say = useUsageWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [key] = useState(newKey);
  const shape = z.object({ metric: z.enum(metrics), window: z.enum(windows), amount: z.coerce.number({ error: say('needAmount') }).positive(say('needAmount')), principal: z.string().trim(), provider: z.string().trim(), model: z.string().trim() });
  const form = useForm<z.input<typeof shape>, unknown, z.output<typeof shape>>({ resolver: zodResolver(shape), defaultValues: { metric: 'money', window: 'day', amount: '', principal: '', provider: '', model: '' } });
  const save = useMutation({
    mutationFn: (sent: z.output<typeof shape>) => stepUp(() => bodyOf(api.POST('/v1/billing/limits', { params: { header: { 'Idempotency-Key': key } }, body: { ...sent, principal: sent.principal || null, provider: sent.provider || null, model: sent.model || null, api_key: null } }))),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('saved') });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: limitsQuery.queryKey }),
  });
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('newLimit')} hint={say('newLimitText')}>
      <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.handleSubmit((sent) => save.mutate(sent))(event)}>
        <div className="grid gap-3 sm:grid-cols-3">
          <Field label={say('metric')}>{(parts) => <Select {...parts} {...form.register('metric')}>{metrics.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
          <Field label={say('window')}>{(parts) => <Select {...parts} {...form.register('window')}>{windows.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
          <Field label={say('amount')} error={form.formState.errors.amount?.message}>{(parts) => <Input {...parts} {...form.register('amount')} type="number" step="any" />}</Field>
          <Field label={say('principalField')} hint={say('emptyFits')}>{(parts) => <Input {...parts} {...form.register('principal')} />}</Field>
          <Field label={say('providerField')}>{(parts) => <Input {...parts} {...form.register('provider')} />}</Field>
          <Field label={say('modelField')}>{(parts) => <Input {...parts} {...form.register('model')} />}</Field>
        </div>
        <FailureLine cause={save.error} />
        <Button look="primary" type="submit" busy={save.isPending} className="self-start">{say('save')}</Button>
      </form>
    </Dialog>
  );
};
