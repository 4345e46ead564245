import { AsOf, Badge, Button, Card, Dialog, EmptyState, Field, Input, Select, TextArea, useToast, VirtualList } from '@somastack/uix';
import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Scale, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine, Forbidden } from '~/app/Failure.tsx';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { useModerationWords } from './moderationWords.ts';
import { route } from './screen.ts';

type Appeal = Schemas['AppealAnswer'];
type Acting = { principal: string; appeal?: Appeal };

const capability = 'moderation:review';
const pageSize = 100;
const everyMs = 15_000;

const strikesQuery = infiniteQueryOptions({
  queryKey: ['moderation', 'strikes'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/moderation/strikes', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: everyMs,
});

const appealsQuery = (state: 'open' | 'all') =>
  infiniteQueryOptions({
    queryKey: ['moderation', 'appeals', state],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/moderation/appeals', { params: { query: { state, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: everyMs,
  });

/** A reset, or the answer to an appeal; both with a reason that the journal keeps. */
const Act = ({ acting, onClose }: { acting: Acting; onClose: () => void }) => {
  const say = useModerationWords();
  const toast = useToast();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const { principal, appeal } = acting;
  const act = useMutation({
    mutationFn: async (decision: 'uphold' | 'reset'): Promise<unknown> => {
      const header = { 'Idempotency-Key': newKey() };
      return appeal ? api.POST('/v1/moderation/appeals/{id}/decision', { params: { path: { id: appeal.id }, header }, body: { decision, reason } }) : api.POST('/v1/moderation/strikes/{principal}/reset', { params: { path: { principal }, header }, body: { reason } });
    },
    onSuccess: () => {
      toast({ tone: 'ok', title: appeal ? say('decided') : say('wasReset') });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['moderation'] }),
  });
  const path = appeal ? `/v1/moderation/appeals/${appeal.id}/decision` : `/v1/moderation/strikes/${encodeURIComponent(principal)}/reset`;
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say(appeal ? 'decideTitle' : 'resetTitle', { who: principal })} hint={say('resetText')}>
      <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); act.mutate('reset'); }}>
        {appeal ? <blockquote className="border-s-2 border-line ps-3 break-words whitespace-pre-wrap">{appeal.text}</blockquote> : null}
        <Field label={say('reason')}>{(parts) => <TextArea {...parts} value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={1000} />}</Field>
        <FailureLine cause={act.error} />
        <div className="flex flex-wrap items-center gap-2">
          <Button look="primary" type="submit" busy={act.isPending && act.variables === 'reset'} disabled={act.isPending}>{appeal ? say('grant') : say('resetNow')}</Button>
          {appeal ? <Button busy={act.isPending && act.variables === 'uphold'} disabled={act.isPending || reason.trim() === ''} onClick={() => act.mutate('uphold')}>{say('uphold')}</Button> : null}
          <CopyRequest method="POST" path={path} body={appeal ? { decision: 'reset', reason } : { reason }} />
        </div>
      </form>
    </Dialog>
  );
};

const Appeals = ({ me, onAct }: { me: string; onAct: (acting: Acting) => void }) => {
  const say = useModerationWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const state = route.useSearch().appeals ?? 'open';
  const list = useInfiniteQuery(appealsQuery(state));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const next = () => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage();
  return (
    <Card title={say('appeals')} hint={say('appealsHint')} actions={<div className="flex flex-wrap items-center gap-2">
      <AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />
      <Select aria-label={say('state')} value={state} onChange={(event) => void go({ search: (old) => ({ ...old, appeals: event.target.value === 'all' ? ('all' as const) : undefined }), replace: true })} className="h-8 w-auto border-line text-sm"><option value="open">{say('open')}</option><option value="all">{say('all')}</option></Select>
      <CopyRequest method="GET" path={`/v1/moderation/appeals?state=${state}`} />
    </div>}>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} compact /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : rows.length === 0 ? (
        <EmptyState icon={<Scale />} title={state === 'open' ? say('noAppeals') : say('noAppealsYet')} className="py-8">{say('noAppealsText')}</EmptyState>
      ) : (
        <VirtualList label={say('appeals')} rows={rows} rowId={(one) => one.id} rowHeight={72} onEnd={next} className="max-h-96 overflow-y-auto" rowClassName="flex flex-col gap-1 border-b border-line px-4 py-2.5">
          {(one) => (
            <>
              <div className="flex flex-wrap items-center gap-2">
                <span className="font-medium break-all">{one.principal}</span><Badge tone={one.state === 'open' ? 'warn' : 'neutral'}>{one.state}</Badge><span className="text-sm text-muted">{say('filed', { when: relativeTime(new Date(one.filed_at), lang) })}</span>
                {one.state === 'open' && one.principal !== me ? <Button size="sm" className="ms-auto" aria-label={`${say('decide')} ${one.principal}`} onClick={() => onAct({ principal: one.principal, appeal: one })}>{say('decide')}</Button> : null}
              </div>
              <p className="line-clamp-2 break-words">{one.text}</p>
              {one.decided_by ? <p className="text-sm text-muted">{say('decidedBy', { who: one.decided_by, why: one.reason ?? '—' })}</p> : null}
            </>
          )}
        </VirtualList>
      )}
    </Card>
  );
};

/** Who said what must not be said, how often, and who asks to be let in again. */
export const Strikes = ({ me }: { me: Schemas['MeView'] }) => {
  const say = useModerationWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { principal = '' } = route.useSearch();
  const [acting, setActing] = useState<Acting | null>(null);
  const may = me.capabilities.includes(capability);
  const list = useInfiniteQuery({ ...strikesQuery, enabled: may });
  if (!may) return <Forbidden capability={capability} tenant={me.tenant} />;
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const words = principal.trim().toLowerCase();
  const rows = words ? all.filter((one) => one.principal.toLowerCase().includes(words)) : all;
  const next = () => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage();
  const set = (value: string) => void go({ search: (old) => ({ ...old, principal: value || undefined }), replace: true });
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <Card title={say('ladder')} hint={say('strikesHint')} actions={<div className="flex flex-wrap items-center gap-2">
        <AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />
        <Input type="search" aria-label={say('searchPrincipal')} placeholder={say('searchPrincipal')} value={principal} onChange={(event) => set(event.target.value)} className="h-8 w-48 border-line text-sm" />
        <CopyRequest method="GET" path="/v1/moderation/strikes" />
      </div>}>
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} compact /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : rows.length === 0 ? (
          all.length === 0 ? <EmptyState icon={<ShieldCheck />} title={say('noStrikes')} className="py-8">{say('noStrikesText')}</EmptyState> : <EmptyState icon={<ShieldCheck />} title={say('noStrikeMatches')} className="py-8" action={<Button size="sm" onClick={() => set('')}>{common('clear')}</Button>} />
        ) : (
          <VirtualList label={say('ladder')} rows={rows} rowId={(one) => one.principal} rowHeight={44} onEnd={next} className="max-h-[28rem] overflow-y-auto" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
            {(one) => (
              <>
                <span className="font-medium break-all">{one.principal}</span>
                <Badge tone={one.locked ? 'bad' : 'warn'}>{one.locked ? say('locked') : say('counted')}</Badge>
                <span className="text-sm text-muted tabular-nums">{say('count')}: {one.strikes.toLocaleString(lang)} · {say('lastStrike')}: {one.last_strike_at ? <time dateTime={one.last_strike_at}>{relativeTime(new Date(one.last_strike_at), lang)}</time> : '—'}</span>
                <Button size="sm" className="ms-auto" aria-label={`${say('reset')} ${one.principal}`} onClick={() => setActing({ principal: one.principal })}>{say('reset')}</Button>
              </>
            )}
          </VirtualList>
        )}
      </Card>
      <Appeals me={me.principal} onAct={setActing} />
      {acting ? <Act acting={acting} onClose={() => setActing(null)} /> : null}
    </div>
  );
};
