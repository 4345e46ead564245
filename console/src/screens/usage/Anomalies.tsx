import { AsOf, Badge, Button, Card, EmptyState, Select, Table, Unknown } from '@somastack/uix';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { anomaliesQuery } from './queries.ts';
import { route } from './screen.ts';
import { useUsageWords } from './words.ts';

const reasons = ['price_unknown', 'usage_missing', 'usage_unpriced', 'no_tokens', 'zero_cost', 'over_reservation'] as const;

/** Costs that the books mark for a look, newest first. */
export const Anomalies = () => {
  const say = useUsageWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const { reason } = route.useSearch();
  const list = useInfiniteQuery(anomaliesQuery);
  const rows = (list.data?.pages.flatMap((page) => page.data) ?? []).filter((one) => !reason || one.reason === reason);
  const set = (to: string | undefined) => void go({ to: '/usage', search: (old) => ({ ...old, reason: to }), replace: true });
  const why = (code: string) => { const known = reasons.find((one) => one === code); return known ? say(known) : code; };
  return (
    <div className="p-5">
      <Card title={say('list')} actions={<><Select aria-label={say('reason')} value={reason ?? ''} onChange={(event) => set(event.target.value || undefined)} className="h-8 w-44 border-line text-sm"><option value="">{say('anyReason')}</option>{reasons.map((one) => <option key={one}>{one}</option>)}</Select><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="GET" path="/v1/billing/anomalies" /></>}>
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : (
          <Table label={say('list')} rows={rows} rowId={(one) => one.reservation_id} empty={reason ? <EmptyState icon={<ShieldCheck />} title={say('noneMatch')} action={<Button size="sm" onClick={() => set(undefined)}>{common('clear')}</Button>} /> : <EmptyState icon={<ShieldCheck />} title={say('noAnomalies')}>{say('noAnomaliesText')}</EmptyState>}
            columns={[
              { id: 'reason', header: say('reason'), cell: (one) => <span className="flex flex-col items-start gap-0.5"><Badge tone="warn">{one.reason}</Badge><span className="text-sm font-normal text-muted">{why(one.reason)}</span></span> },
              { id: 'model', header: say('modelField'), cell: (one) => <>{one.model} <span className="text-muted">{one.provider}</span></> },
              { id: 'who', header: say('principalField'), cell: (one) => one.principal },
              { id: 'purpose', header: say('purpose'), cell: (one) => one.purpose },
              { id: 'cost', header: say('cost'), cell: (one) => (one.cost === null ? <Unknown reason={why(one.reason)} quiet /> : number.money(one.cost, one.currency)), end: true },
              { id: 'reserved', header: say('reserved'), cell: (one) => (one.reserved === null ? <Unknown reason={say('notTold')} quiet /> : number.money(one.reserved, one.currency)), end: true },
              { id: 'at', header: say('at'), cell: (one) => relativeTime(new Date(one.occurred_at), lang), end: true },
            ]} />
        )}
        {list.hasNextPage ? <div className="p-3"><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say('readMore')}</Button></div> : null}
      </Card>
    </div>
  );
};
