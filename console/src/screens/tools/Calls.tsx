import { Button, Drawer, EmptyState, JsonView, Unknown, VirtualList } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Wrench } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { instant, relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { CallStatus } from './badges.tsx';
import { Untrusted } from './CallForm.tsx';
import { callQuery, callsQuery } from './queries.ts';
import { useToolWords } from './words.ts';

/** What was called, newest first. */
export const Calls = ({ id, onOpen }: { id: string; onOpen: (call: string) => void }) => {
  const say = useToolWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const list = useInfiniteQuery(callsQuery(id));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  if (list.error) return <Failure cause={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <p role="status" className="p-5 text-muted">{common('loading')}</p>;
  return (
    <div className="flex flex-col gap-3 p-5 max-sm:p-3">
      <div className="flex flex-wrap items-center justify-between gap-2"><p className="text-sm text-muted">{say('noCallsText')}</p><CopyRequest method="GET" path={`/v1/adapters/${id}/calls`} cli={`soma tool calls ${id}`} /></div>
      {rows.length === 0 ? <EmptyState icon={<Wrench />} title={say('noCalls')} /> : (
        <VirtualList label={say('calls')} rows={rows} rowId={(row) => row.job_id} rowHeight={44} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="rounded-lg border border-line bg-surface shadow-card" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 hover:bg-hover">
          {(row) => (
            <>
              <button type="button" onClick={() => onOpen(row.job_id)} className="font-mono text-sm font-medium after:absolute after:inset-0">{row.action}</button><CallStatus status={row.status} />{row.code ? <code className="font-mono text-xs text-muted">{row.code}</code> : null}
              <span className="text-sm text-muted sm:ms-auto">{say('who')} {row.principal} · {relativeTime(new Date(row.created_at), lang)}{row.duration_ms === null ? '' : ` · ${number.ms(row.duration_ms)}`}</span>
            </>
          )}
        </VirtualList>
      )}
      {list.hasNextPage ? <Button size="sm" className="self-start" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button> : null}
    </div>
  );
};

/** One call with its arguments, its result and where it came from. */
export const CallDrawer = ({ id, onClose }: { id: string; onClose: () => void }) => {
  const say = useToolWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const me = useSuspenseQuery(meQuery).data;
  const view = useQuery(callQuery(id));
  const call = view.data?.call;
  return (
    <Drawer open onOpenChange={(open) => open || onClose()} title={call ? `${call.adapter}.${call.action}` : say('callTitle')} hint={id}>
      {view.error ? <Failure cause={view.error} onRetry={() => void view.refetch()} /> : !view.data || !call ? <p role="status" className="text-muted">{common('loading')}</p> : (
        <div className="flex flex-col gap-5">
          <Facts facts={[
            [say('status'), <CallStatus status={call.status} />], call.code ? [say('code'), <code className="font-mono text-sm">{call.code}</code>] : null, [say('who'), call.principal], [say('version'), call.adapter_version], [say('when'), <time dateTime={call.created_at} className="tabular-nums">{instant(lang).format(new Date(call.created_at))}</time>],
            call.duration_ms === null ? null : [say('took'), number.ms(call.duration_ms)], [say('cost'), call.cost ?? <Unknown reason={say('noCost')} />], [say('digest'), <code className="font-mono text-xs break-all">{view.data.manifest_digest}</code>],
            call.session ? [say('session'), <Link to="/chat/{-$session}" params={{ session: call.session }} className="underline">{say('openSession')}</Link>] : null, call.run ? [say('run'), <Link to="/workflows/{-$run}" params={{ run: call.run }} className="underline">{say('openRun')}</Link>] : null,
            call.approval_id ? [say('approval'), <Link to="/inbox" search={{ id: call.approval_id, state: 'all' }} className="underline">{say('readApproval')}</Link>] : null,
          ]} />
          <section><h3 className="mb-1.5 text-base font-semibold">{say('arguments')}</h3><JsonView value={view.data.arguments} label={say('arguments')} className="max-h-72" /></section>
          <section className="flex flex-col gap-2"><h3 className="text-base font-semibold">{say('result')}</h3>{view.data.output ? <Untrusted output={view.data.output} /> : <p className="text-sm text-muted">{say('noResult')}</p>}</section>
          <div className="flex flex-wrap items-center gap-3"><CopyRequest method="GET" path={`/v1/tool-calls/${id}`} />{me.capabilities.includes('audit:read') ? <Link to="/audit" search={{ q: id }} className="text-sm underline">{say('inJournal')}</Link> : null}</div>
        </div>
      )}
    </Drawer>
  );
};
