import { AsOf, Badge, Button, DataTable, Drawer, EmptyState, Input, Select, StatusLed, type Column } from '@somastack/uix';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { UserPlus, Users } from 'lucide-react';
import type { Schemas } from '~/api/client.ts';
import { Failure } from '~/app/Failure.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { rolesQuery, userQuery, usersQuery, type User } from './queries.ts';
import { kinds, route } from './screen.ts';
import { UserDetail, UserForm } from './UserDetail.tsx';
import { usePeopleWords } from './words.ts';

/** `?id=` of somebody who is not there yet. */
const fresh = '+';

/** The principals of the tenant; each opens where it can be changed. */
export const UserList = ({ me }: { me: Schemas['MeView'] }) => {
  const say = usePeopleWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { kind, active, role, q, id } = route.useSearch();
  const list = useInfiniteQuery(usersQuery({ kind, active: active === undefined ? undefined : active === 'yes', role, prefix: q?.toLowerCase() }));
  const roles = useQuery(rolesQuery);
  const open = useQuery({ ...userQuery(id ?? ''), enabled: id !== undefined && id !== fresh });
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (change: { kind?: (typeof kinds)[number]; active?: 'yes' | 'no'; role?: string; q?: string; id?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const columns: readonly Column<User>[] = [
    { id: 'id', header: say('id'), width: 'minmax(9rem, 1fr)', cell: (row) => <><span className="font-mono text-sm">{row.id}</span>{row.id === me.principal ? <span className="text-muted"> · {say('you')}</span> : null}</> },
    { id: 'name', header: say('name'), width: 'minmax(9rem, 1fr)', cell: (row) => row.display_name },
    { id: 'kind', header: say('kind'), width: '6rem', cell: (row) => (row.kind in { user: 1, service: 1 } ? say(row.kind as 'user') : row.kind) },
    { id: 'roles', header: say('roles'), width: 'minmax(9rem, 1fr)', cell: (row) => <>{row.roles.map((one) => <Badge key={one} className="me-1">{one}</Badge>)}{row.extra.length > 0 ? <Badge tone="info">{say('extras', { n: row.extra.length })}</Badge> : null}</> },
    { id: 'mfa', header: say('mfa'), width: '7rem', cell: (row) => (row.kind === 'service' ? '—' : <StatusLed state={row.mfa_enrolled ? 'ok' : 'degraded'} label={row.mfa_enrolled ? say('on') : say('off')} />) },
    { id: 'active', header: say('state'), width: '7rem', cell: (row) => <StatusLed state={row.active ? 'ok' : 'down'} label={row.active ? say('active') : say('inactive')} /> },
  ];
  const filtered = Boolean(kind || active || role || q);
  const add = <Button size="sm" look="primary" onClick={() => set({ id: fresh })}><UserPlus aria-hidden className="size-3.5" />{say('create')}</Button>;
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-5 py-3">
        <Input type="search" aria-label={say('prefix')} placeholder={say('prefix')} value={q ?? ''} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-52 border-line text-sm" />
        <Select aria-label={say('kind')} value={kind ?? ''} onChange={(event) => set({ kind: kinds.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyKind')}</option>{kinds.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('state')} value={active ?? ''} onChange={(event) => set({ active: event.target.value === 'yes' || event.target.value === 'no' ? event.target.value : undefined })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyState')}</option><option value="yes">{say('active')}</option><option value="no">{say('inactive')}</option></Select>
        <Select aria-label={say('role')} value={role ?? ''} onChange={(event) => set({ role: event.target.value || undefined })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyRole')}</option>{(roles.data?.data ?? []).map((one) => <option key={one.name}>{one.name}</option>)}</Select>
        <span className="ms-auto flex items-center gap-3"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />{add}</span>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('users')} columns={columns} rows={rows} rowId={(row) => row.id} selected={id ?? null} onOpen={(row) => set({ id: row.id })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="min-h-0 flex-1"
          empty={filtered ? <EmptyState icon={<Users />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ kind: undefined, active: undefined, role: undefined, q: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<Users />} title={say('nobody')} action={add}>{say('nobodyText')}</EmptyState>} />
      )}
      <Drawer open={id !== undefined} onOpenChange={(to) => to || set({ id: undefined })} title={id === fresh ? say('create') : (open.data?.display_name ?? id ?? '')} hint={id === fresh ? say('createHint') : id} className="max-w-2xl">
        {id === undefined ? null : id === fresh ? <UserForm me={me} user={null} onDone={(made) => set({ id: made.id })} /> : open.error ? <Failure cause={open.error} onRetry={() => void open.refetch()} /> : open.data ? <UserDetail key={`${open.data.id} ${open.data.version}`} me={me} user={open.data} /> : <p role="status" className="text-muted">{common('loading')}</p>}
      </Drawer>
    </div>
  );
};
