import { AsOf, Badge, Button, Card, CardBody, DataTable, Drawer, EmptyState, Field, Input, Select, StatusLed, useToast, type Column } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, call, newKey, type Schemas } from '~/api/client.ts';
import { Choices } from '~/app/Choices.tsx';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { ShownOnce } from '~/app/ShownOnce.tsx';
import { instant, relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { endOf, keyStateOf, type ApiKey } from './keyState.ts';
import { keyStates, route } from './screen.ts';
import { useKeyWords } from './words.ts';

const pageSize = 100;
const pollMs = 15_000;
const daysFirst = 90;
const overlapFirst = 3600;
const overlapMax = 604_800;
const fresh = '+';
const tones = { active: 'ok', expired: 'neutral', revoked: 'bad' } as const;

const Create = ({ me, principal }: { me: Schemas['MeView']; principal?: string }) => {
  const say = useKeyWords();
  const client = useQueryClient();
  const [form, setForm] = useState({ name: '', principal: principal ?? me.principal, days: String(daysFirst), scopes: [] as string[] });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const isOther = form.principal.trim() !== me.principal;
  const create = useMutation({
    mutationFn: () => bodyOf(api.POST('/v1/api-keys', { body: { name: form.name.trim(), principal: form.principal.trim() || null, scopes: form.scopes, expires_at: endOf(form.days === '' ? null : Number(form.days)) } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (create.data) return <ShownOnce label={say('key')} value={create.data.key} />;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
      <Field label={say('name')} hint={say('nameHint')}>{(parts) => <Input {...parts} value={form.name} onChange={(event) => set({ name: event.target.value })} required maxLength={128} />}</Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={say('principal')} hint={isOther ? say('otherHint') : undefined}>{(parts) => <Input {...parts} value={form.principal} onChange={(event) => set({ principal: event.target.value })} required maxLength={128} spellCheck={false} className="font-mono" />}</Field>
        <Field label={say('days')} hint={form.days === '' ? say('never') : undefined}>{(parts) => <Input {...parts} type="number" min={1} step={1} value={form.days} onChange={(event) => set({ days: event.target.value })} />}</Field>
      </div>
      <Choices label={say('scopes')} hint={say('scopesHint')} all={[...me.capabilities].sort()} chosen={form.scopes} onChange={(scopes) => set({ scopes })} disabled={isOther ? ['approval:decide'] : []} />
      <FailureLine cause={create.error} />
      <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={create.isPending} disabled={form.scopes.length === 0}>{say('create')}</Button><CopyRequest method="POST" path="/v1/api-keys" body={{ name: form.name, scopes: form.scopes }} cli={`soma key create --name "${form.name}"${form.scopes.map((scope) => ` --scope ${scope}`).join('')}${form.days ? ` --days ${form.days}` : ''}`} /></div>
    </form>
  );
};

const Detail = ({ apiKey }: { apiKey: ApiKey }) => {
  const say = useKeyWords();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const [overlap, setOverlap] = useState(overlapFirst);
  const [sure, setSure] = useState(false);
  const when = instant(lang);
  const told = () => client.invalidateQueries({ queryKey: ['keys'] });
  const rotate = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/api-keys/{id}/rotate', { params: { path: { id: apiKey.id } }, body: { overlap_seconds: overlap } })), onSuccess: told });
  const revoke = useMutation({ mutationFn: () => bodyOf(api.DELETE('/v1/api-keys/{id}', { params: { path: { id: apiKey.id }, header: { 'Idempotency-Key': newKey() } } })), onSuccess: () => { toast({ tone: 'ok', title: say('revokedToast') }); return told(); } });
  const state = keyStateOf(apiKey);
  const time = (at: string | null, otherwise: string) => (at ? when.format(new Date(at)) : otherwise);
  const facts = [[say('principal'), apiKey.principal], [say('prefix'), `${apiKey.prefix}…`], [say('created'), time(apiKey.created_at, '—')], [say('expires'), time(apiKey.expires_at, say('never'))], [say('lastUsed'), time(apiKey.last_used_at, say('unused'))], ...(apiKey.revoked_at ? [[say('revoked'), time(apiKey.revoked_at, '—')]] : [])];
  return (
    <div className="flex flex-col gap-5">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">{facts.map(([name, value]) => <div key={name} className="contents"><dt className="text-muted">{name}</dt><dd className="break-all">{value}</dd></div>)}</dl>
      <p className="text-sm text-muted">{say('lastUsedHint')}</p>
      <section><h3 className="mb-1.5 text-sm font-medium">{say('scopes')}</h3><p className="flex flex-wrap gap-1.5">{apiKey.scopes.map((scope) => <Badge key={scope} className="font-mono">{scope}</Badge>)}</p></section>
      {state === 'active' ? (
        <>
          <form className="flex flex-col gap-3 border-t border-line pt-4" onSubmit={(event) => { event.preventDefault(); rotate.mutate(); }}>
            <Field label={say('overlap')} hint={say('overlapHint')}>{(parts) => <Input {...parts} type="number" min={0} max={overlapMax} step={1} required value={overlap} onChange={(event) => setOverlap(event.target.valueAsNumber)} className="w-40" />}</Field>
            <FailureLine cause={rotate.error} />
            <Button type="submit" busy={rotate.isPending} className="self-start">{say('rotate')}</Button>
            {rotate.data ? <ShownOnce label={say('key')} value={rotate.data.key} /> : null}
          </form>
          <div className="flex flex-wrap items-center gap-2 border-t border-line pt-4">{sure ? <><p className="text-sm">{say('revokeSure')}</p><Button size="sm" look="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>{say('revoke')}</Button><Button size="sm" look="quiet" onClick={() => setSure(false)}>{say('cancel')}</Button></> : <Button size="sm" look="danger" onClick={() => setSure(true)}>{say('revoke')}…</Button>}<CopyRequest method="DELETE" path={`/v1/api-keys/${apiKey.id}`} cli={`soma key revoke ${apiKey.id}`} /></div>
          <FailureLine cause={revoke.error} />
        </>
      ) : null}
    </div>
  );
};

/** What an identity provider needs to keep this tenant's people: facts that it can ask the server for. */
const Scim = () => {
  const say = useKeyWords();
  const config = useQuery({ queryKey: ['scim', 'config'], queryFn: async () => (await call(new Request('/scim/v2/ServiceProviderConfig'))).json() as Promise<unknown>, staleTime: 60_000 });
  return (
    <Card title={say('scim')} hint={say('scimHint')} actions={<CopyRequest method="GET" path="/scim/v2/ServiceProviderConfig" />}>
      <CardBody className="flex flex-col gap-2 text-sm">
        <p>{say('scimUrl')}: <code className="font-mono break-all">{`${location.origin}/scim/v2`}</code></p>
        <p className="text-muted">{say('scimText')}</p>
        <StatusLed state={config.isSuccess ? 'ok' : config.error ? 'down' : 'unknown'} label={say('scimAnswers')} />
        <FailureLine cause={config.error} />
      </CardBody>
    </Card>
  );
};

/** Credentials of programs: each is shown once, at its making. */
export const Keys = () => {
  const say = useKeyWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { state, principal, id } = route.useSearch();
  const list = useInfiniteQuery({
    queryKey: ['keys', 'list', { state, principal }],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/api-keys', { params: { query: { state, principal, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: pollMs,
  });
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const open = rows.find((row) => row.id === id);
  const set = (change: { state?: (typeof keyStates)[number]; principal?: string; id?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const columns: readonly Column<ApiKey>[] = [
    { id: 'name', header: say('name'), width: 'minmax(10rem, 1fr)', cell: (row) => row.name },
    { id: 'prefix', header: say('prefix'), width: '9rem', cell: (row) => <span className="font-mono text-sm">{row.prefix}…</span> },
    { id: 'principal', header: say('principal'), width: '9rem', cell: (row) => <span className="font-mono text-sm">{row.principal}</span> },
    { id: 'scopes', header: say('scopes'), width: 'minmax(8rem, 1fr)', cell: (row) => <span className="font-mono text-xs text-muted">{row.scopes.join(' ')}</span> },
    { id: 'used', header: say('lastUsed'), width: '9rem', cell: (row) => (row.last_used_at ? relativeTime(new Date(row.last_used_at), lang) : say('unused')) },
    { id: 'expires', header: say('expires'), width: '8rem', cell: (row) => (row.expires_at ? relativeTime(new Date(row.expires_at), lang) : say('never')) },
    { id: 'state', header: say('state'), width: '6rem', cell: (row) => <Badge tone={tones[keyStateOf(row)]}>{say(keyStateOf(row))}</Badge> },
  ];
  const add = <Button size="sm" look="primary" onClick={() => set({ id: fresh })}><Plus aria-hidden className="size-3.5" />{say('create')}</Button>;
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />} actions={<><CopyRequest method="GET" path="/v1/api-keys" cli="soma key list" />{add}</>}>
        <Select aria-label={say('state')} value={state ?? ''} onChange={(event) => set({ state: keyStates.find((one) => one === event.target.value), id: undefined })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyState')}</option>{keyStates.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Input type="search" aria-label={say('principal')} placeholder={say('principal')} value={principal ?? ''} onChange={(event) => set({ principal: event.target.value || undefined, id: undefined })} className="h-8 w-40 border-line text-sm" />
      </PageHead>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('title')} columns={columns} rows={rows} rowId={(row) => row.id} selected={id ?? null} onOpen={(row) => set({ id: row.id })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="min-h-48 flex-1"
          empty={state || principal ? <EmptyState icon={<KeyRound />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ state: undefined, principal: undefined })}>{common('clear')}</Button>} /> : <EmptyState icon={<KeyRound />} title={say('none')} action={add}>{say('noneText')}</EmptyState>} />
      )}
      <div className="border-t border-line bg-sunken p-4"><Scim /></div>
      <Drawer open={id === fresh || open !== undefined} onOpenChange={(to) => to || set({ id: undefined })} title={id === fresh ? say('create') : (open?.name ?? '')} hint={open?.id ?? say('createHint')}>{id === fresh ? <Create me={me} principal={principal} /> : open ? <Detail key={open.id} apiKey={open} /> : null}</Drawer>
    </>
  );
};
