import { Button, CopyButton, Field, Input, Select } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useSetupWords } from './words.ts';

const suggested = 'operator';

/** Makes a one-time link for somebody else. */
export const Invite = () => {
  const say = useSetupWords();
  const client = useQueryClient();
  const [principal, setPrincipal] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState(suggested);
  const roles = useQuery({ queryKey: ['roles'], queryFn: () => bodyOf(api.GET('/v1/roles', {})) });
  const invite = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/invitations', { body: { principal: principal.trim(), display_name: name.trim(), roles: [role] } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['users'] }),
  });
  if (invite.data) {
    const { link, invitation } = invite.data;
    const command = `soma token --principal ${invitation.principal} --link`;
    const shown = 'rounded-md border border-line bg-sunken p-2 font-mono text-xs break-all';
    return (
      <div className="flex flex-col gap-2">
        <p className="text-sm">{say('inviteLink', { name: invitation.display_name })}</p>
        <code className={shown} data-invitation>{link}</code>
        <CopyButton value={link} label={say('inviteCopy')} look="plain" className="self-start" />
        <p className="mt-2 text-sm">{say('inviteCounts', { name: invitation.display_name })}</p>
        <code className={shown}>{command}</code>
        <CopyButton value={command} label={say('copyCommand')} look="plain" className="self-start" />
      </div>
    );
  }
  return (
    <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); invite.mutate(); }}>
      <div className="grid gap-3 sm:grid-cols-3">
        <Field label={say('principal')}>{(parts) => <Input {...parts} value={principal} onChange={(event) => setPrincipal(event.target.value)} required maxLength={64} autoCapitalize="none" spellCheck={false} />}</Field>
        <Field label={say('name')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} required maxLength={128} />}</Field>
        <Field label={say('role')}>{(parts) => <Select {...parts} value={role} onChange={(event) => setRole(event.target.value)}>{(roles.data?.data ?? []).map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}</Select>}</Field>
      </div>
      <FailureLine cause={invite.error} />
      <Button type="submit" busy={invite.isPending} className="self-start">{say('invite')}</Button>
    </form>
  );
};
