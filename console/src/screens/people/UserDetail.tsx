import { Badge, Banner, Button, CheckBox, Field, Input, Select, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { Choices } from '~/app/Choices.tsx';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { ShownOnce } from '~/app/ShownOnce.tsx';
import { instant } from '~/app/time.ts';
import { ifMatch } from '~/app/TwoKeys.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useLanguage } from '~/i18n/words.ts';
import { rolesQuery, type User } from './queries.ts';
import { beyond, effective, knownCapabilities } from './rights.ts';
import { usePeopleWords } from './words.ts';

type Me = Schemas['MeView'];

/** Makes a principal, or changes one; what it comes to is shown while it is chosen. */
export const UserForm = ({ me, user, onDone }: { me: Me; user: User | null; onDone: (user: User) => void }) => {
  const say = usePeopleWords();
  const toast = useToast();
  const client = useQueryClient();
  const roles = useQuery(rolesQuery).data?.data ?? [];
  const [form, setForm] = useState({ id: user?.id ?? '', display_name: user?.display_name ?? '', kind: user?.kind ?? 'user', roles: user?.roles ?? [], extra: user?.extra ?? [], active: user?.active ?? true });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const isMe = user?.id === me.principal;
  const comesTo = effective(roles, form.roles, form.extra);
  const save = useMutation({
    mutationFn: () => bodyOf(api.PUT('/v1/users/{id}', { params: { path: { id: form.id.trim() }, header: { 'Idempotency-Key': newKey() } }, body: { display_name: form.display_name.trim(), kind: form.kind, active: form.active, roles: form.roles, capabilities: form.extra }, headers: user ? ifMatch(user.version) : {} })),
    onSuccess: async (saved) => {
      toast({ tone: 'ok', title: say('saved') });
      await client.invalidateQueries({ queryKey: ['users'] });
      onDone(saved);
    },
  });
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {user ? null : (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={say('id')} hint={say('idHint')}>{(parts) => <Input {...parts} value={form.id} onChange={(event) => set({ id: event.target.value })} required maxLength={128} autoCapitalize="none" spellCheck={false} className="font-mono" />}</Field>
          <Field label={say('kind')}>{(parts) => <Select {...parts} value={form.kind} onChange={(event) => set({ kind: event.target.value })}><option value="user">{say('user')}</option><option value="service">{say('service')}</option></Select>}</Field>
        </div>
      )}
      <Field label={say('name')}>{(parts) => <Input {...parts} value={form.display_name} onChange={(event) => set({ display_name: event.target.value })} required maxLength={128} />}</Field>
      <Choices label={say('roles')} hint={isMe ? say('notOwn') : undefined} all={roles.map((role) => role.name)} chosen={form.roles} onChange={isMe ? undefined : (chosen) => set({ roles: chosen })} disabled={roles.filter((role) => !form.roles.includes(role.name) && beyond(role.capabilities, me.capabilities).length > 0).map((role) => role.name)} />
      <details><summary className="text-sm font-medium">{say('extraRights', { n: form.extra.length })}</summary><div className="mt-2"><Choices label={say('extraLabel')} hint={say('extraHint')} all={knownCapabilities(roles, [...me.capabilities, ...form.extra])} chosen={form.extra} onChange={isMe ? undefined : (extra) => set({ extra })} disabled={beyond(knownCapabilities(roles, me.capabilities), me.capabilities)} /></div></details>
      <div className="flex flex-col gap-1.5"><p className="text-sm text-muted">{say('comesTo', { n: comesTo.length })}</p><p className="flex flex-wrap gap-1.5">{comesTo.length === 0 ? '—' : comesTo.map((one) => <Badge key={one} className="font-mono">{one}</Badge>)}</p></div>
      {user ? <CheckBox label={say('active')} checked={form.active} disabled={isMe} onChange={(event) => set({ active: event.target.checked })} /> : null}
      <FailureLine cause={save.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={save.isPending}>{user ? say('save') : say('create')}</Button><CopyRequest method="PUT" path={`/v1/users/${form.id || 'ID'}`} body={{ display_name: form.display_name, roles: form.roles, capabilities: form.extra }} cli={user ? undefined : `soma user add ${form.id || 'ID'} --name "${form.display_name}"${form.roles.map((role) => ` --role ${role}`).join('')}`} /></div>
    </form>
  );
};

/** What can be done about one account besides its rights. */
const Access = ({ user, isMe }: { user: User; isMe: boolean }) => {
  const say = usePeopleWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [sure, setSure] = useState(false);
  const path = { id: user.id };
  const done = (title: string) => async () => {
    toast({ tone: 'ok', title });
    await client.invalidateQueries({ queryKey: ['users'] });
  };
  const header = () => ({ 'Idempotency-Key': newKey() });
  const reset = useMutation({ mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/users/{id}/reset-link', { params: { path } }))) });
  const unlock = useMutation({ mutationFn: () => api.POST('/v1/users/{id}/unlock', { params: { path, header: header() } }), onSuccess: done(say('unlocked')) });
  const noMfa = useMutation({ mutationFn: () => stepUp(() => api.DELETE('/v1/users/{id}/mfa', { params: { path, header: header() } })), onSuccess: done(say('mfaRemoved')) });
  const deactivate = useMutation({ mutationFn: () => api.DELETE('/v1/users/{id}', { params: { path, header: header() } }), onSuccess: done(say('deactivated')) });
  return (
    <section className="flex flex-col gap-3 border-t border-line pt-4">
      <h3 className="text-base font-semibold">{say('access')}</h3>
      {user.kind === 'user' ? (
        <>
          <Banner tone="info" title={say('hand')}>{say('handText')} <code className="font-mono text-xs">soma token --principal {user.id} --link</code></Banner>
          <div className="flex flex-wrap gap-2">
            <Button size="sm" busy={reset.isPending} onClick={() => reset.mutate()}>{say('resetLink')}</Button>
            <Button size="sm" busy={unlock.isPending} onClick={() => unlock.mutate()}>{say('unlock')}</Button>
            {user.mfa_enrolled ? <Button size="sm" busy={noMfa.isPending} onClick={() => noMfa.mutate()}>{say('removeMfa')}</Button> : null}
          </div>
          {reset.data ? <ShownOnce label={say('resetLink')} value={reset.data.link} /> : null}
        </>
      ) : null}
      <p className="text-sm text-muted">{say('sessions')}: — {say('sessionsUnknown')}</p>
      <Link to="/keys" search={{ principal: user.id }} className="self-start text-sm underline">{say('keysOf')}</Link>
      {isMe || !user.active ? null : sure ? <div className="flex flex-wrap items-center gap-2"><p className="text-sm">{say('deactivateSure')}</p><Button size="sm" look="danger" busy={deactivate.isPending} onClick={() => deactivate.mutate()}>{say('deactivate')}</Button><Button size="sm" look="quiet" onClick={() => setSure(false)}>{say('cancel')}</Button></div> : <Button size="sm" look="danger" className="self-start" onClick={() => setSure(true)}>{say('deactivate')}…</Button>}
      <FailureLine cause={reset.error ?? unlock.error ?? noMfa.error ?? deactivate.error} />
    </section>
  );
};

export const UserDetail = ({ me, user }: { me: Me; user: User }) => {
  const say = usePeopleWords();
  const lang = useLanguage();
  const when = instant(lang);
  const facts = [[say('login'), user.kind === 'service' ? '—' : user.has_login ? say('hasLogin') : say('noLogin')], [say('mfa'), user.kind === 'service' ? '—' : user.mfa_enrolled ? say('on') : say('off')], [say('created'), when.format(new Date(user.created_at))], [say('updated'), when.format(new Date(user.updated_at))]] as const;
  return (
    <div className="flex flex-col gap-5">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">{facts.map(([name, value]) => <div key={name} className="contents"><dt className="text-muted">{name}</dt><dd>{value}</dd></div>)}</dl>
      <UserForm me={me} user={user} onDone={() => undefined} />
      <Access user={user} isMe={user.id === me.principal} />
    </div>
  );
};
