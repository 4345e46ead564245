import { Badge, Button, Card, Field, Input, useToast, type Tone } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { addressesQuery, type Address } from './queries.ts';
import { useNotificationWords } from './words.ts';

type Kind = 'email' | 'sms';
const tones: Record<string, Tone> = { verified: 'ok', unverified: 'warn', pending: 'warn', disabled: 'bad' };

/** One address: told, proved by the code that was sent to it, and taken away. */
const AddressForm = ({ kind, known }: { kind: Kind; known: Address | undefined }) => {
  const say = useNotificationWords();
  const lang = useLanguage();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [address, setAddress] = useState('');
  const [code, setCode] = useState('');
  const onSettled = () => client.invalidateQueries({ queryKey: addressesQuery.queryKey });
  const path = { channel: kind };
  const tell = useMutation({ mutationFn: () => stepUp(() => bodyOf(api.PUT('/v1/notifications/addresses/{channel}', { params: { path }, body: { address } }))), onSuccess: () => setAddress(''), onSettled });
  const verify = useMutation({
    mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/notifications/addresses/{channel}/verify', { params: { path }, body: { code: code.trim() } }))),
    onSuccess: () => {
      setCode('');
      toast({ tone: 'ok', title: say('verifiedNow') });
    },
    onSettled,
  });
  const remove = useMutation({ mutationFn: () => stepUp(() => api.DELETE('/v1/notifications/addresses/{channel}', { params: { path, header: { 'Idempotency-Key': newKey() } } })), onSettled });
  return (
    <li className="flex flex-col gap-3 px-4 py-3">
      {known ? (
        <div className="flex flex-wrap items-center gap-2"><span className="min-w-0 flex-1 truncate">{known.address}</span><Badge tone={tones[known.state] ?? 'neutral'}>{known.state}</Badge><Button size="sm" look="quiet" busy={remove.isPending} aria-label={`${say('remove')}: ${known.address}`} onClick={() => remove.mutate()}>{say('remove')}</Button></div>
      ) : null}
      {known?.reason ? <p className="text-sm text-bad">{known.reason}</p> : null}
      {known?.code_until && !known.verified_at ? (
        <form className="flex items-end gap-2" onSubmit={(event) => { event.preventDefault(); verify.mutate(); }}>
          <Field label={say('code')} hint={say('codeUntil', { when: relativeTime(new Date(known.code_until), lang) })} className="flex-1">{(parts) => <Input {...parts} inputMode="numeric" autoComplete="one-time-code" maxLength={8} value={code} onChange={(event) => setCode(event.target.value)} />}</Field>
          <Button type="submit" busy={verify.isPending} disabled={code.trim().length === 0} className="mb-6">{say('verify')}</Button>
        </form>
      ) : null}
      <form className="flex items-end gap-2" onSubmit={(event) => { event.preventDefault(); tell.mutate(); }}>
        <Field label={known ? say(`${kind}Other`) : say(`${kind}Address`)} className="flex-1">{(parts) => <Input {...parts} type={kind === 'email' ? 'email' : 'tel'} autoComplete={kind === 'email' ? 'email' : 'tel'} required value={address} onChange={(event) => setAddress(event.target.value)} />}</Field>
        <Button type="submit" busy={tell.isPending} disabled={address === ''}>{say('sendCode')}</Button>
      </form>
      <FailureLine cause={tell.error ?? verify.error ?? remove.error} />
    </li>
  );
};

export const Addresses = () => {
  const say = useNotificationWords();
  const common = useCommon();
  const list = useQuery(addressesQuery);
  return (
    <Card title={say('addresses')} hint={say('addressesText')}>
      {list.error ? <div className="p-4"><FailureLine cause={list.error} /></div> : !list.data ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : <ul className="divide-y divide-line">{(['email', 'sms'] as const).map((kind) => <AddressForm key={kind} kind={kind} known={list.data.find((one) => one.channel === kind)} />)}</ul>}
    </Card>
  );
};
