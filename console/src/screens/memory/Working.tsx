import { AsOf, Badge, Button, buttonLook, Card, CardBody, EmptyState, Meter, Select, Table, Unknown } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { BrainCircuit } from 'lucide-react';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { sessionsQuery } from '../chat/queries.ts';
import { workingQuery } from './queries.ts';
import { route } from './screen.ts';
import { useMemoryWords } from './words.ts';

type Change = { id: string; to: 'pin' | 'unpin' | 'drop' };

const InMind = ({ session }: { session: string }) => {
  const say = useMemoryWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const client = useQueryClient();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes('memory:write');
  const working = useQuery(workingQuery(session));
  const change = useMutation({
    mutationFn: async ({ id, to }: Change): Promise<unknown> => {
      const header = { 'Idempotency-Key': newKey() };
      if (to === 'drop') return api.DELETE('/v1/wm/{id}', { params: { path: { id }, query: { session }, header } });
      return api.POST(to === 'pin' ? '/v1/wm/pin' : '/v1/wm/unpin', { params: { header }, body: { session_id: session, id } });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['memory', 'working', session] }),
  });
  if (working.error) return <Failure cause={working.error} onRetry={() => void working.refetch()} />;
  if (!working.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const { items, status } = working.data;
  const busy = (id: string, to: Change['to']) => change.isPending && change.variables.id === id && change.variables.to === to;
  return (
    <div className="grid items-start gap-5 p-5 xl:grid-cols-[minmax(0,1fr)_20rem]">
      <Card title={say('working')} actions={<AsOf at={new Date(working.dataUpdatedAt)} locale={lang} />}>
        <Table label={say('working')} rows={items} rowId={(item) => item.id} empty={<EmptyState icon={<BrainCircuit />} title={say('noItems')} className="py-8">{say('noItemsText')}</EmptyState>}
          columns={[
            { id: 'text', header: say('text'), cell: (item) => <span className="font-normal">{item.text} {item.pinned ? <Badge tone="accent">{say('pinned')}</Badge> : null} {item.memory_id && item.promotion ? <Badge tone="ok">{say('promoted')}</Badge> : null}</span>, wrap: true },
            { id: 'salience', header: say('salience'), cell: (item) => number.decimal(item.salience), end: true },
            { id: 'novelty', header: say('novelty'), cell: (item) => number.decimal(item.novelty), end: true },
            { id: 'uses', header: say('uses'), cell: (item) => number.whole(item.uses), end: true },
            { id: 'tokens', header: say('tokens'), cell: (item) => number.whole(item.tokens), end: true },
            { id: 'recorded', header: say('recorded'), cell: (item) => relativeTime(new Date(item.admitted_at), lang) },
            ...(may ? [{ id: 'act', header: '', cell: (item: (typeof items)[number]) => <span className="flex justify-end gap-1"><Button size="sm" look="quiet" busy={busy(item.id, item.pinned ? 'unpin' : 'pin')} onClick={() => change.mutate({ id: item.id, to: item.pinned ? 'unpin' : 'pin' })}>{item.pinned ? say('unpin') : say('pin')}</Button><Button size="sm" look="quiet" busy={busy(item.id, 'drop')} onClick={() => change.mutate({ id: item.id, to: 'drop' })}>{say('drop')}</Button></span> }] : []),
          ]} />
        <div className="px-4 pb-2"><FailureLine cause={change.error} /></div>
      </Card>
      <Card>
        <CardBody className="flex flex-col gap-4">
          <Meter used={status.tokens} of={status.capacity_tokens} label={say('capacity', { used: number.whole(status.tokens), of: number.whole(status.capacity_tokens) })} />
          <Facts facts={[[say('pinned'), number.whole(status.pinned)], [say('hits'), status.hit_rate === null ? <Unknown reason={say('noHits')} /> : number.share(status.hit_rate)], [say('evictions'), number.whole(status.evictions_total)]]} />
          <CopyRequest method="GET" path={`/v1/wm?session=${session}`} />
        </CardBody>
      </Card>
    </div>
  );
};

/** What one of your conversations has in mind. */
export const Working = () => {
  const say = useMemoryWords();
  const go = route.useNavigate();
  const { session } = route.useSearch();
  const sessions = useInfiniteQuery(sessionsQuery);
  const mine = sessions.data?.pages.flatMap((page) => page.data) ?? [];
  if (sessions.error) return <Failure cause={sessions.error} onRetry={() => void sessions.refetch()} />;
  if (sessions.data && mine.length === 0) return <EmptyState icon={<BrainCircuit />} title={say('noSessions')} action={<Link to="/chat/{-$session}" params={{}} className={buttonLook({ size: 'sm' })}>{say('startChat')}</Link>}>{say('noSessionsText')}</EmptyState>;
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
        <Select aria-label={say('session')} value={session ?? ''} onChange={(event) => void go({ to: '/memories', search: (old) => ({ ...old, session: event.target.value || undefined }), replace: true })} className="h-8 w-96 max-w-full border-line text-sm">
          <option value="">{say('pickSession')}</option>
          {session && !mine.some((one) => one.id === session) ? <option value={session}>{session}</option> : null}
          {mine.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
        </Select>
      </div>
      {session ? <InMind key={session} session={session} /> : <EmptyState icon={<BrainCircuit />} title={say('pickSession')}>{say('pickSessionText')}</EmptyState>}
    </>
  );
};
