import { Button, CopyButton, Field, Input } from '@somastack/uix';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { meQuery } from '~/app/queries.ts';
import { useSetupWords } from './words.ts';

/** A secret first, then the proof that an authenticator holds it, then the codes for the day it is lost. */
export const SecondFactor = () => {
  const say = useSetupWords();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const begin = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/auth/mfa/enroll', { body: { password } })), onSuccess: () => setPassword('') });
  const confirm = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/auth/mfa/confirm', { body: { code: code.trim() } })), onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }) });
  if (confirm.data)
    return (
      <section aria-label={say('codes')} className="flex flex-col gap-2">
        <p className="text-sm">{say('codesHint')}</p>
        <ul className="grid grid-cols-2 gap-1 rounded-md border border-line bg-sunken p-3 font-mono text-sm">{confirm.data.recovery_codes.map((one) => <li key={one}>{one}</li>)}</ul>
        <CopyButton value={confirm.data.recovery_codes.join('\n')} label={say('copyCodes')} className="self-start" look="plain" />
      </section>
    );
  if (begin.data)
    return (
      <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); confirm.mutate(); }}>
        <p className="text-sm">{say('scan')}</p>
        <img src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(begin.data.qr_svg)}`} alt={say('qr')} className="size-44 rounded-md border border-line bg-surface" />
        <p className="text-sm">{say('secret')}: <code className="font-mono break-all" data-secret>{begin.data.secret}</code></p>
        <Field label={say('code')}>{(parts) => <Input {...parts} value={code} onChange={(event) => setCode(event.target.value)} inputMode="numeric" autoComplete="one-time-code" maxLength={6} required autoFocus className="max-w-40" />}</Field>
        <FailureLine cause={confirm.error} />
        <Button look="primary" type="submit" busy={confirm.isPending} className="self-start">{say('confirm')}</Button>
      </form>
    );
  if (!open) return <Button className="self-start" onClick={() => setOpen(true)}>{say('mfaStart')}</Button>;
  return (
    <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); begin.mutate(); }}>
      <Field label={say('yourPassword')}>{(parts) => <Input {...parts} type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" maxLength={512} required autoFocus className="max-w-80" />}</Field>
      <FailureLine cause={begin.error} />
      <div className="flex gap-2"><Button look="primary" type="submit" busy={begin.isPending}>{say('continue')}</Button><Button look="quiet" onClick={() => setOpen(false)}>{say('cancel')}</Button></div>
    </form>
  );
};
