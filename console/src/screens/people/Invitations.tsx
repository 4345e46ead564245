import { AsOf, Badge, Banner, Button, Card, CardBody, EmptyState, Field, Input, Select, useToast, VirtualList } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { MailPlus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { Choices } from '~/app/Choices.tsx';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { ShownOnce } from '~/app/ShownOnce.tsx';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { invitationsQuery, rolesQuery } from './queries.ts';
import { beyond } from './rights.ts';
import { invitationStates, route } from './screen.ts';
import { usePeopleWords } from './words.ts';

const hoursFirst = 72;
const hoursMax = 720;
const tones = { open: 'info', accepted: 'ok', revoked: 'bad', expired: 'neutral' } as const;

const InviteForm = ({ me }: { me: Schemas['MeView'] }) => {
  const say = usePeopleWords();
  const client = useQueryClient();
  const roles = useQuery(rolesQuery).data?.data ?? [];
  const [form, setForm] = useState({ principal: '', display_name: '', email: '', hours: hoursFirst, roles: [] as string[] });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const invite = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/invitations', { body: { principal: form.principal.trim(), display_name: form.display_name.trim(), roles: form.roles, hours: form.hours, email: form.email.trim() || null } })),
    onSuccess: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  });
  return (
    <Card title={say('invite')} hint={say('inviteHint')}>
      <CardBody>
        {invite.data ? <div className="flex flex-col gap-3"><ShownOnce label={say('link')} value={invite.data.link} />{invite.data.invitation.email ? <p className="text-sm text-muted">{say('emailText', { email: invite.data.invitation.email })}</p> : null}<Button className="self-start" onClick={() => { invite.reset(); set({ principal: '', display_name: '', email: '' }); }}>{say('another')}</Button></div> : (
          <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); invite.mutate(); }}>
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label={say('id')} hint={say('idHint')}>{(parts) => <Input {...parts} value={form.principal} onChange={(event) => set({ principal: event.target.value })} required maxLength={128} autoCapitalize="none" spellCheck={false} className="font-mono" />}</Field>
              <Field label={say('name')}>{(parts) => <Input {...parts} value={form.display_name} onChange={(event) => set({ display_name: event.target.value })} required maxLength={128} />}</Field>
              <Field label={say('email')} hint={say('emailHint')}>{(parts) => <Input {...parts} type="email" value={form.email} onChange={(event) => set({ email: event.target.value })} maxLength={254} />}</Field>
              <Field label={say('hours')} hint={say('hoursHint', { max: hoursMax })}>{(parts) => <Input {...parts} type="number" min={1} max={hoursMax} step={1} required value={form.hours} onChange={(event) => set({ hours: event.target.valueAsNumber })} />}</Field>
            </div>
            <Choices label={say('roles')} hint={say('holdHint')} all={roles.map((role) => role.name)} chosen={form.roles} onChange={(chosen) => set({ roles: chosen })} disabled={roles.filter((role) => beyond(role.capabilities, me.capabilities).length > 0).map((role) => role.name)} />
            <Banner tone="info" title={say('hand')}>{say('handInvite')}</Banner>
            <FailureLine cause={invite.error} />
            <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={invite.isPending}>{say('makeLink')}</Button><CopyRequest method="POST" path="/v1/invitations" body={{ principal: form.principal, display_name: form.display_name, roles: form.roles }} cli={`soma user add ${form.principal || 'ID'} --name "${form.display_name}"${form.roles.map((role) => ` --role ${role}`).join('')}`} /></div>
          </form>
        )}
      </CardBody>
    </Card>
  );
};

/** Links that make users: each works once. */
export const Invitations = ({ me }: { me: Schemas['MeView'] }) => {
  const say = usePeopleWords();
  const common = useCommon();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const go = route.useNavigate();
  const { state } = route.useSearch();
  const list = useInfiniteQuery(invitationsQuery);
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const shown = all.filter((one) => !state || one.state === state);
  const set = (next: (typeof invitationStates)[number] | undefined) => void go({ search: (old) => ({ ...old, state: next }), replace: true });
  const revoke = useMutation({
    mutationFn: (id: string) => api.DELETE('/v1/invitations/{id}', { params: { path: { id }, header: { 'Idempotency-Key': newKey() } } }),
    onSuccess: () => toast({ tone: 'ok', title: say('revokedToast') }),
    onSettled: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  });
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <InviteForm me={me} />
      <Card title={say('invitations')} actions={<div className="flex flex-wrap items-center gap-2"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><Select aria-label={say('state')} value={state ?? ''} onChange={(event) => set(invitationStates.find((one) => one === event.target.value))} className="h-8 w-auto text-sm"><option value="">{say('anyState')}</option>{invitationStates.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select></div>}>
        <FailureLine cause={revoke.error} />
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : shown.length === 0 ? (
          all.length === 0 ? <EmptyState icon={<MailPlus />} title={say('noInvitations')}>{say('noInvitationsText')}</EmptyState> : <EmptyState icon={<MailPlus />} title={say('noMatch')} action={<Button size="sm" onClick={() => set(undefined)}>{common('clear')}</Button>} />
        ) : (
          <VirtualList label={say('invitations')} rows={shown} rowId={(one) => one.id} rowHeight={44} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="max-h-[32rem] overflow-y-auto" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
            {(one) => (
              <>
                <span className="min-w-0 font-medium break-words">{one.display_name}</span><code className="font-mono text-xs text-muted">{one.principal}</code><Badge tone={tones[one.state as 'open'] ?? 'neutral'}>{one.state in tones ? say(one.state as 'open') : one.state}</Badge>
                {one.roles.map((role) => <Badge key={role}>{role}</Badge>)}
                <span className="text-sm text-muted">{say('invitedBy', { who: one.invited_by })} · {say('until', { when: relativeTime(new Date(one.expires_at), lang) })}{one.email ? ` · ${one.email}` : ''}</span>
                {one.state === 'open' ? <Button size="sm" className="ms-auto" busy={revoke.isPending && revoke.variables === one.id} onClick={() => revoke.mutate(one.id)} aria-label={`${say('revoke')}: ${one.principal}`}>{say('revoke')}</Button> : null}
              </>
            )}
          </VirtualList>
        )}
        {list.hasNextPage ? <CardBody><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button></CardBody> : null}
      </Card>
    </div>
  );
};
