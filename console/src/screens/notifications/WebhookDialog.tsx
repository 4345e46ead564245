import { Button, CheckBox, Dialog, Field, Input, Select } from '@somastack/uix';
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, type Schemas } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useNoticeWords } from '~/app/notices/words.ts';
import { meQuery } from '~/app/queries.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { webhooksQuery } from './queries.ts';
import { kinds, severities } from './screen.ts';
import { useNotificationWords } from './words.ts';

export const WebhookDialog = ({ onClose, onMade }: { onClose: () => void; onMade: (made: Schemas['WebhookWithSecret']) => void }) => {
  const say = useNotificationWords();
  const word = useNoticeWords();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const admin = useSuspenseQuery(meQuery).data.capabilities.includes('tenant:admin');
  const [draft, setDraft] = useState({ url: '', description: '', scope: 'principal', severity_threshold: 'info', kinds: [] as string[] });
  const put = (next: Partial<typeof draft>) => setDraft({ ...draft, ...next });
  const make = useMutation({
    mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/webhooks', { body: { ...draft, description: draft.description || null, scope: draft.scope === 'tenant' ? 'tenant' : null, kinds: draft.kinds.length ? draft.kinds : null } }))),
    onSuccess: onMade,
    onSettled: () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey }),
  });
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('newHook')} hint={say('newHookText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
        <Field label={say('url')}>{(parts) => <Input {...parts} type="url" required placeholder="https://hooks.example.com/soma" value={draft.url} onChange={(event) => put({ url: event.target.value })} />}</Field>
        <Field label={say('description')}>{(parts) => <Input {...parts} maxLength={200} value={draft.description} onChange={(event) => put({ description: event.target.value })} />}</Field>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={say('threshold')}>{(parts) => <Select {...parts} value={draft.severity_threshold} onChange={(event) => put({ severity_threshold: event.target.value })}>{severities.map((severity) => <option key={severity} value={severity}>{severity === 'info' ? say('everything') : say('atLeast', { severity: word(severity) })}</option>)}</Select>}</Field>
          <Field label={say('scope')} hint={admin ? undefined : say('scopeNeeds')}>{(parts) => <Select {...parts} value={draft.scope} onChange={(event) => put({ scope: event.target.value })}><option value="principal">{say('scopeMine')}</option><option value="tenant" disabled={!admin}>{say('scopeTenant')}</option></Select>}</Field>
        </div>
        <fieldset className="flex flex-wrap gap-4"><legend className="mb-1 text-sm font-medium">{say('kindsField')}</legend>{kinds.map((kind) => <CheckBox key={kind} label={say(kind)} checked={draft.kinds.includes(kind)} onChange={(event) => put({ kinds: event.target.checked ? [...draft.kinds, kind] : draft.kinds.filter((one) => one !== kind) })} />)}</fieldset>
        <FailureLine cause={make.error} />
        <Button look="primary" type="submit" busy={make.isPending} className="self-start">{say('create')}</Button>
      </form>
    </Dialog>
  );
};
