import { Badge, Button, EmptyState, Input, Select, VirtualList } from '@somastack/uix';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Wrench } from 'lucide-react';
import type { Schemas } from '~/api/client.ts';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { useCommon } from '~/i18n/common.ts';
import { AdapterStatus, highestRisk, Risk } from './badges.tsx';
import type { Adapter } from './queries.ts';
import { adapterStatuses, route } from './screen.ts';
import { useToolWords } from './words.ts';

type List = UseInfiniteQueryResult<InfiniteData<Schemas['PageOfAdapterLine']>>;

const matches = (one: Adapter, words: string, status: string | undefined, kind: string | undefined) =>
  (!status || one.status === status) && (!kind || one.kind === kind) && (!words || `${one.id} ${one.summary ?? ''} ${one.actions.map((action) => action.name).join(' ')}`.toLowerCase().includes(words));

/** Every adapter with what it is and, where it cannot be used here, why. */
export const Adapters = ({ list }: { list: List }) => {
  const say = useToolWords();
  const common = useCommon();
  const number = useNumbers();
  const go = route.useNavigate();
  const { q = '', status, kind } = route.useSearch();
  const all = list.data?.pages.flatMap((page) => page.data) ?? [];
  const rows = all.filter((one) => matches(one, q.trim().toLowerCase(), status, kind));
  const set = (change: { q?: string; status?: (typeof adapterStatuses)[number]; kind?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <div className="flex flex-col gap-3 p-5 max-sm:p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-60 border-line text-sm" />
        <Select aria-label={say('status')} value={status ?? ''} onChange={(event) => set({ status: adapterStatuses.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyStatus')}</option>{adapterStatuses.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('kind')} value={kind ?? ''} onChange={(event) => set({ kind: event.target.value || undefined })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyKind')}</option>{[...new Set([...all.map((one) => one.kind), ...(kind ? [kind] : [])])].sort().map((one) => <option key={one}>{one}</option>)}</Select>
      </div>
      {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : rows.length === 0 ? (
        all.length === 0 ? <EmptyState icon={<Wrench />} title={say('first')}>{say('firstText')}</EmptyState> : <EmptyState icon={<Wrench />} title={say('none')} action={<Button size="sm" onClick={() => set({ q: undefined, status: undefined, kind: undefined })}>{common('clear')}</Button>} />
      ) : (
        <VirtualList label={say('list')} rows={rows} rowId={(one) => one.id} rowHeight={68} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="rounded-lg border border-line bg-surface shadow-card" rowClassName="flex flex-col gap-1 border-b border-line px-4 py-3 hover:bg-hover">
          {(one) => {
            const risk = highestRisk(one.actions.map((action) => action.risk));
            return (
              <>
                <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
                  <Link to="/tools/{-$adapter}" params={{ adapter: one.id }} search={{}} className="font-mono text-sm font-medium after:absolute after:inset-0">{one.id}</Link>
                  <AdapterStatus status={one.status} /><Badge>{one.kind}</Badge>{one.version ? <Badge>{one.version}</Badge> : null}{risk ? <span className="inline-flex items-center gap-1 text-xs text-muted">{say('risk')} <Risk risk={risk} /></span> : null}
                  <span className="text-sm text-muted sm:ms-auto">{say('actionsCount')}: {number.whole(one.actions.length)} · {say('source')}: {one.source === 'native' || one.source === 'signed' || one.source === 'unsigned' ? say(one.source) : one.source}</span>
                </div>
                {one.summary ? <p className="text-sm text-muted">{one.summary}</p> : null}
                {one.reason ? <p className="text-sm text-bad">{say('why')}: {one.reason}</p> : null}
              </>
            );
          }}
        </VirtualList>
      )}
    </div>
  );
};
