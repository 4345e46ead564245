import { AsOf, Badge, Banner, Button, DataTable, Drawer, EmptyState, Select, Table, useToast, type Column, type Tone } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { meQuery } from '~/app/queries.ts';
import { instant, relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { deliveriesQuery, deliveryQuery, type Delivery } from './queries.ts';
import { channels, deliveryStates, route } from './screen.ts';
import { useNotificationWords } from './words.ts';

const tones: Record<string, Tone> = { waiting: 'info', running: 'info', delivered: 'ok', refused: 'bad', dead: 'bad', cancelled: 'neutral' };
const again = new Set(['dead', 'refused']);

const StateBadge = ({ state }: { state: string }) => <Badge tone={tones[state] ?? 'neutral'}>{useNotificationWords()(state as 'delivered')}</Badge>;

const DeliveryDetail = ({ id }: { id: string }) => {
  const say = useNotificationWords();
  const common = useCommon();
  const when = instant(useLanguage());
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const view = useQuery(deliveryQuery(id));
  const replay = useMutation({
    mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/notifications/deliveries/{id}/replay', { params: { path: { id }, header: { 'Idempotency-Key': newKey() } } }))),
    onSuccess: () => toast({ tone: 'ok', title: say('replayed') }),
    onSettled: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
  });
  if (view.error) return <Failure cause={view.error} onRetry={() => void view.refetch()} compact />;
  if (!view.data) return <p role="status" className="text-muted">{common('loading')}</p>;
  const { delivery: one, attempts } = view.data;
  const time = (at: string) => <time dateTime={at}>{when.format(new Date(at))}</time>;
  return (
    <div className="flex flex-col gap-4">
      <Facts facts={[[say('state'), <StateBadge state={one.state} />], [say('reason'), one.reason || '—'], one.last_error ? [say('lastError'), one.last_error] : null, [say('target'), <span className="break-all">{one.target}</span>], [say('person'), one.principal ?? say('scopeTenant')], [say('told'), time(one.created_at)], one.ended_at ? [say('ended'), time(one.ended_at)] : [say('due'), time(one.due_at)], one.ended_at ? null : [say('giveUp'), time(one.give_up_at)]]} />
      <div className="flex flex-wrap gap-2">{again.has(one.state) ? <Button size="sm" look="primary" busy={replay.isPending} onClick={() => replay.mutate()}>{say('replay')}</Button> : null}<CopyRequest method="POST" path={`/v1/notifications/deliveries/${id}/replay`} /></div>
      <FailureLine cause={replay.error} />
      <Table label={say('attempts')} rows={attempts} rowId={(attempt) => String(attempt.attempt)} empty={<p className="text-sm text-muted">{say('noAttempts')}</p>} className="rounded-md border border-line"
        columns={[
          { id: 'n', header: say('attempt'), cell: (attempt) => attempt.attempt },
          { id: 'outcome', header: say('outcome'), cell: (attempt) => attempt.outcome },
          { id: 'reason', header: say('reason'), cell: (attempt) => <>{attempt.status ?? ''} {attempt.reason}</>, wrap: true },
          { id: 'took', header: say('took'), cell: (attempt) => `${Math.round(attempt.took_ms)} ms`, end: true },
          { id: 'at', header: say('at'), cell: (attempt) => time(attempt.started_at), end: true },
        ]} />
    </div>
  );
};

/** The ledger of what left the house: one's own, or the tenant's for administrators. */
export const Deliveries = () => {
  const say = useNotificationWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const admin = useSuspenseQuery(meQuery).data.capabilities.includes('tenant:admin');
  const { sent, channel, target, delivery } = route.useSearch();
  const list = useInfiniteQuery(deliveriesQuery({ state: sent, channel, target }));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const set = (change: Partial<Record<'sent' | 'channel' | 'target' | 'delivery', string | undefined>>) => void go({ to: '/notifications', search: (old) => ({ ...old, ...change }) as typeof old, replace: true });
  const columns: readonly Column<Delivery>[] = [
    { id: 'state', header: say('state'), width: '7rem', cell: (row) => <StateBadge state={row.state} /> },
    { id: 'channel', header: say('channel'), width: '7rem', cell: (row) => say(row.channel as 'email') },
    { id: 'target', header: say('target'), width: 'minmax(10rem, 1fr)', cell: (row) => row.target },
    { id: 'person', header: say('person'), width: '8rem', cell: (row) => row.principal ?? <span className="text-muted">{say('scopeTenant')}</span> },
    { id: 'reason', header: say('reason'), width: 'minmax(8rem, 1fr)', cell: (row) => <span className="text-muted">{row.last_error ?? row.reason}</span> },
    { id: 'attempts', header: say('attempts'), width: '5rem', cell: (row) => row.attempts.toLocaleString(lang), end: true },
    { id: 'at', header: say('told'), width: '8rem', cell: (row) => relativeTime(new Date(row.created_at), lang), end: true },
  ];
  const filtered = Boolean(sent || channel || target);
  const clear = <Button size="sm" onClick={() => set({ sent: undefined, channel: undefined, target: undefined })}>{common('clear')}</Button>;
  const choose = 'h-8 w-auto border-line text-sm';
  const query = new URLSearchParams(Object.entries({ state: sent, channel, target }).filter((one): one is [string, string] => one[1] !== undefined));
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-5 py-2">
        <Select aria-label={say('state')} value={sent ?? ''} onChange={(event) => set({ sent: event.target.value || undefined })} className={choose}><option value="">{say('anyState')}</option>{deliveryStates.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('channel')} value={channel ?? ''} onChange={(event) => set({ channel: event.target.value || undefined })} className={choose}><option value="">{say('anyChannel')}</option>{channels.slice(1).map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        {target ? <Badge>{say('target')}: {target}</Badge> : null}
        <span className="text-sm text-muted">{admin ? say('ledgerTenant') : say('ledgerOwn')}</span>
        <span className="ms-auto flex items-center gap-2"><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="GET" path={`/v1/notifications/deliveries?${query}`} cli={target ? `soma webhook deliveries ${target}` : undefined} /></span>
      </div>
      {list.isRefetchError ? <Banner tone="warn" title={common('offlineTitle')} className="rounded-none border-x-0" /> : null}
      {list.error && !list.data ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <DataTable label={say('deliveries')} columns={columns} rows={rows} rowId={(row) => row.id} selected={delivery ?? null} onSelect={() => undefined} onOpen={(row) => set({ delivery: row.id })} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="min-h-0 flex-1"
          empty={filtered ? <EmptyState icon={<Send />} title={say('noneSent')} action={clear} /> : <EmptyState icon={<Send />} title={say('nothingSent')}>{say('nothingSentText')}</EmptyState>} />
      )}
      <Drawer open={delivery !== undefined} onOpenChange={(open) => open || set({ delivery: undefined })} title={say('delivery')} hint={delivery}>{delivery ? <DeliveryDetail key={delivery} id={delivery} /> : null}</Drawer>
    </div>
  );
};
