import { Button, CheckBox, Dialog, Field, Input, useToast } from '@somastack/uix';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import { useForm } from 'react-hook-form';
import { api } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { bodyFrom, formOf, profileShape, type ProfileForm, type ReadProfile } from './profileForm.ts';
import { profilesQuery, type Profile } from './queries.ts';
import { useModelWords } from './words.ts';

/** Changes one role's profile, or takes it away; only the version that was read is replaced. */
export const ProfileDialog = ({ profile, tenant, models, onClose }: { profile: Profile; tenant: string; models: readonly string[]; onClose: () => void }) => {
  const say = useModelWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const listId = useId();
  const form = useForm<ProfileForm, unknown, ReadProfile>({ resolver: zodResolver(profileShape), defaultValues: formOf(profile.profile) });
  const { errors } = form.formState;
  const at = { params: { path: { id: tenant, role: profile.role } }, headers: { 'If-Match': `"${profile.version}"` } };
  const change = useMutation({
    mutationFn: (sent: ReadProfile | null) => stepUp(async (): Promise<unknown> => (sent ? api.PUT('/v1/tenants/{id}/model-profiles/{role}', { ...at, body: bodyFrom(sent) }) : api.DELETE('/v1/tenants/{id}/model-profiles/{role}', at))),
    onSuccess: (_, sent) => {
      toast({ tone: 'ok', title: sent ? say('saved') : say('resetDone') });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: profilesQuery(tenant).queryKey }),
  });
  const number = (name: 'temperature' | 'max_tokens' | 'retries' | 'timeout_seconds' | 'total_seconds' | 'hedge_after_ms', label: string) => (
    <Field label={label} error={errors[name]?.message}>{(parts) => <Input {...parts} {...form.register(name)} type="number" step="any" placeholder="—" />}</Field>
  );
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('editTitle', { role: profile.role })} hint={say('editHint')}>
      <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.handleSubmit((sent) => change.mutate(sent))(event)}>
        <Field label={say('primary')} error={errors.primary?.message}>{(parts) => <Input {...parts} {...form.register('primary')} list={listId} />}</Field>
        <Field label={say('fallbacks')} hint={say('fallbacksHint')} error={errors.fallbacks?.message}>{(parts) => <Input {...parts} {...form.register('fallbacks')} />}</Field>
        <datalist id={listId}>{models.map((one) => <option key={one} value={one} />)}</datalist>
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
          {number('temperature', say('temperature'))}{number('max_tokens', say('maxTokens'))}{number('retries', say('retries'))}
          {number('timeout_seconds', say('silence'))}{number('total_seconds', say('total'))}{number('hedge_after_ms', say('hedge'))}
        </div>
        <CheckBox label={say('cache')} {...form.register('cache')} />
        <FailureLine cause={change.error} />
        <div className="flex gap-2"><Button look="primary" type="submit" busy={change.isPending && change.variables !== null}>{say('change')}</Button>{profile.profile ? <Button busy={change.isPending && change.variables === null} onClick={() => change.mutate(null)}>{say('reset')}</Button> : null}</div>
      </form>
    </Dialog>
  );
};
