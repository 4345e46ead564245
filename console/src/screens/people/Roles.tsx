import { Badge, Button, Card, CardBody, EmptyState, Field, Input, useToast, VirtualList } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus, ShieldHalf } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { Choices } from '~/app/Choices.tsx';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { ifMatch } from '~/app/TwoKeys.tsx';
import { useCommon } from '~/i18n/common.ts';
import { rolesQuery, type Role } from './queries.ts';
import { beyond, knownCapabilities } from './rights.ts';
import { route } from './screen.ts';
import { usePeopleWords } from './words.ts';

const fresh = '+';

const RoleForm = ({ role, all, own, onDone }: { role: Role | null; all: readonly string[]; own: readonly string[]; onDone: () => void }) => {
  const say = usePeopleWords();
  const toast = useToast();
  const client = useQueryClient();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [capabilities, setCapabilities] = useState(role?.capabilities ?? []);
  const header = () => ({ 'Idempotency-Key': newKey() });
  const finish = async () => {
    toast({ tone: 'ok', title: say('saved') });
    await client.invalidateQueries({ queryKey: rolesQuery.queryKey });
    await client.invalidateQueries({ queryKey: ['users'] });
    onDone();
  };
  const save = useMutation({ mutationFn: () => bodyOf(api.PUT('/v1/roles/{name}', { params: { path: { name: name.trim() }, header: header() }, body: { description: description.trim(), capabilities }, headers: role ? ifMatch(role.version) : {} })), onSuccess: finish });
  const remove = useMutation({ mutationFn: () => api.DELETE('/v1/roles/{name}', { params: { path: { name: role!.name }, header: header() }, headers: ifMatch(role!.version) }), onSuccess: finish });
  return (
    <form className="flex flex-col gap-4 border-t border-line p-4" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {role ? null : <Field label={say('roleName')} hint={say('roleNameHint')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} required maxLength={64} spellCheck={false} className="font-mono" />}</Field>}
      <Field label={say('description')}>{(parts) => <Input {...parts} value={description} onChange={(event) => setDescription(event.target.value)} required maxLength={200} />}</Field>
      <Choices label={say('capabilities')} hint={say('holdHint')} all={all} chosen={capabilities} onChange={setCapabilities} disabled={beyond(all, own)} />
      <FailureLine cause={save.error ?? remove.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={save.isPending}>{say('save')}</Button>{role ? <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>{say('deleteRole')}</Button> : null}<Button look="quiet" onClick={onDone}>{say('cancel')}</Button><CopyRequest method="PUT" path={`/v1/roles/${name || 'NAME'}`} body={{ description, capabilities }} /></div>
    </form>
  );
};

/** Bundles of rights: those of every tenant, and this tenant's own. */
export const Roles = ({ me }: { me: Schemas['MeView'] }) => {
  const say = usePeopleWords();
  const common = useCommon();
  const go = route.useNavigate();
  const { name: open, q = '' } = route.useSearch();
  const list = useQuery(rolesQuery);
  const roles = list.data?.data ?? [];
  const words = q.trim().toLowerCase();
  const shown = roles.filter((role) => !words || `${role.name} ${role.description} ${role.capabilities.join(' ')}`.toLowerCase().includes(words));
  const known = knownCapabilities(roles, me.capabilities);
  const set = (change: { name?: string; q?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <div className="flex flex-wrap gap-2"><Input type="search" aria-label={say('searchRoles')} placeholder={say('searchRoles')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-60 border-line text-sm" /><Button size="sm" look="primary" className="ms-auto" onClick={() => set({ name: fresh })}><Plus aria-hidden className="size-3.5" />{say('newRole')}</Button></div>
      {open === fresh ? <Card title={say('newRole')}><RoleForm role={null} all={known} own={me.capabilities} onDone={() => set({ name: undefined })} /></Card> : null}
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="text-muted">{common('loading')}</p> : shown.length === 0 ? (
        roles.length === 0 ? <EmptyState icon={<ShieldHalf />} title={say('noRoles')}>{say('noRolesText')}</EmptyState> : <EmptyState icon={<ShieldHalf />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ q: undefined })}>{common('clear')}</Button>} />
      ) : (
        <VirtualList label={say('roles')} rows={shown} rowId={(role) => role.name} rowHeight={110} gap={16}>
          {(role) => (
            <Card title={<span className="flex flex-wrap items-center gap-2"><span className="font-mono text-sm break-all">{role.name}</span>{role.published ? <Badge>{say('published')}</Badge> : <Badge tone="accent">{say('ownRole')}</Badge>}</span>} hint={role.description} actions={<>
              <Link to="/users" search={{ role: role.name }} className="text-sm underline">{say('holders')}</Link>
              {role.published ? null : <Button size="sm" aria-expanded={open === role.name} onClick={() => set({ name: open === role.name ? undefined : role.name })}>{say('change')}</Button>}
            </>}>
              <CardBody className="flex flex-wrap gap-1.5">{role.capabilities.length === 0 ? '—' : role.capabilities.map((one) => <Badge key={one} className="font-mono">{one}</Badge>)}</CardBody>
              {open === role.name && !role.published ? <RoleForm key={role.version} role={role} all={known} own={me.capabilities} onDone={() => set({ name: undefined })} /> : null}
            </Card>
          )}
        </VirtualList>
      )}
    </div>
  );
};
