import { AsOf, Button, DataTable, Drawer, EmptyState, Field, Input, Select, StatusLed, useToast, type Column } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Building2, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { ShownOnce } from '~/app/ShownOnce.tsx';
import { instant } from '~/app/time.ts';
import { ifMatch } from '~/app/TwoKeys.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { route } from './screen.ts';
import { useTenantWords } from './words.ts';

type Tenant = Schemas['TenantView'];

const pageSize = 100;
const fresh = '+';

const Create = () => {
  const say = useTenantWords();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [form, setForm] = useState({ id: '', display_name: '', owner: 'owner' });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const create = useMutation({ mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/tenants', { body: { id: form.id.trim(), display_name: form.display_name.trim(), owner: form.owner.trim() } }))), onSuccess: () => client.invalidateQueries({ queryKey: ['tenants'] }) });
  if (create.data) return <div className="flex flex-col gap-3"><p>{say('made', { owner: create.data.owner, tenant: create.data.tenant.id })}</p><ShownOnce label={say('link')} value={create.data.sign_in_link} /></div>;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
      <Field label={say('id')} hint={say('idHint')}>{(parts) => <Input {...parts} value={form.id} onChange={(event) => set({ id: event.target.value })} required maxLength={63} spellCheck={false} autoCapitalize="none" className="font-mono" />}</Field>
      <Field label={say('name')}>{(parts) => <Input {...parts} value={form.display_name} onChange={(event) => set({ display_name: event.target.value })} required maxLength={128} />}</Field>
      <Field label={say('owner')} hint={say('ownerHint')}>{(parts) => <Input {...parts} value={form.owner} onChange={(event) => set({ owner: event.target.value })} required maxLength={128} spellCheck={false} className="font-mono" />}</Field>
      <FailureLine cause={create.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={create.isPending}>{say('create')}</Button><CopyRequest method="POST" path="/v1/tenants" body={form} cli={`soma tenant add ${form.id || 'ID'} --name "${form.display_name}" --owner ${form.owner}`} /></div>
    </form>
  );
};

const Detail = ({ tenant, isMine }: { tenant: Tenant; isMine: boolean }) => {
  const say = useTenantWords();
  const lang = useLanguage();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const [name, setName] = useState(tenant.display_name);
  const [sure, setSure] = useState(false);
  const put = useMutation({
    mutationFn: (active: boolean) => stepUp(() => bodyOf(api.PUT('/v1/tenants/{id}', { params: { path: { id: tenant.id }, header: { 'Idempotency-Key': newKey() } }, body: { display_name: name.trim(), active }, headers: ifMatch(tenant.version) }))),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('saved') });
      return client.invalidateQueries({ queryKey: ['tenants'] });
    },
  });
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); put.mutate(tenant.active); }}>
      <p className="text-sm text-muted">{say('created')}: {instant(lang).format(new Date(tenant.created_at))}</p>
      <Field label={say('name')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} required maxLength={128} />}</Field>
      <FailureLine cause={put.error} />
      <Button look="primary" type="submit" busy={put.isPending} className="self-start">{say('save')}</Button>
      <div className="flex flex-wrap items-center gap-2 border-t border-line pt-4">
        {!tenant.active ? <Button busy={put.isPending} onClick={() => put.mutate(true)}>{say('wake')}</Button> : isMine ? <p className="text-sm text-muted">{say('mineStays')}</p> : sure ? <><p className="text-sm">{say('sleepSure')}</p><Button size="sm" look="danger" busy={put.isPending} onClick={() => put.mutate(false)}>{say('sleep')}</Button><Button size="sm" look="quiet" onClick={() => setSure(false)}>{say('cancel')}</Button></> : <Button size="sm" look="danger" onClick={() => setSure(true)}>{say('sleep')}…</Button>}
      </div>
    </form>
  );
};

/** Who shares this installation without sharing anything else. */
export const Tenants = () => {
  const say = useTenantWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { q = '', active, id } = route.useSearch();
  const list = useInfiniteQuery({
    queryKey: ['tenants', 'list'],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/tenants', { params: { query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 15_000,
  });
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const words = q.trim().toLowerCase();
  const rows = all.filter((one) => (!active || one.active === (active === 'yes')) && (!words || `${one.id} ${one.display_name}`.toLowerCase().includes(words)));
  const open = all.find((one) => one.id === id);
  const set = (change: { q?: string; active?: 'yes' | 'no'; id?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const columns: readonly Column<Tenant>[] = [
    { id: 'id', header: say('id'), width: 'minmax(9rem, 1fr)', cell: (row) => <><span className="font-mono text-sm">{row.id}</span>{row.id === me.tenant ? <span className="text-muted"> · {say('mine')}</span> : null}</> },
    { id: 'name', header: say('name'), width: 'minmax(9rem, 2fr)', cell: (row) => row.display_name },
    { id: 'state', header: say('state'), width: '8rem', cell: (row) => <StatusLed state={row.active ? 'ok' : 'down'} label={row.active ? say('awake') : say('asleep')} /> },
    { id: 'created', header: say('created'), width: '12rem', cell: (row) => instant(lang).format(new Date(row.created_at)), end: true },
  ];
  const add = <Button size="sm" look="primary" onClick={() => set({ id: fresh })}><Plus aria-hidden className="size-3.5" />{say('create')}</Button>;
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />} actions={<><CopyRequest method="GET" path="/v1/tenants" cli="soma tenant list" />{add}</>}>
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-48 border-line text-sm" />
        <Select aria-label={say('state')} value={active ?? ''} onChange={(event) => set({ active: event.target.value === 'yes' || event.target.value === 'no' ? event.target.value : undefined })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyState')}</option><option value="yes">{say('awake')}</option><option value="no">{say('asleep')}</option></Select>
      </PageHead>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('title')} columns={columns} rows={rows} rowId={(row) => row.id} selected={id ?? null} onOpen={(row) => set({ id: row.id })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="min-h-0 flex-1"
          empty={all.length > 0 ? <EmptyState icon={<Building2 />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ q: undefined, active: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<Building2 />} title={say('none')} action={add}>{say('noneText')}</EmptyState>} />
      )}
      <Drawer open={id === fresh || open !== undefined} onOpenChange={(to) => to || set({ id: undefined })} title={id === fresh ? say('create') : (open?.display_name ?? '')} hint={open?.id ?? say('createHint')}>{id === fresh ? <Create /> : open ? <Detail key={`${open.id} ${open.version}`} tenant={open} isMine={open.id === me.tenant} /> : null}</Drawer>
    </>
  );
};
