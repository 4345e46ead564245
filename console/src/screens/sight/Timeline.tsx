import { AsOf, Badge, Card, EmptyState } from '@somastack/uix';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ShieldCheck } from 'lucide-react';
import { Failure } from '~/app/Failure.tsx';
import { meQuery } from '~/app/queries.ts';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import { anomaliesQuery } from '../usage/queries.ts';
import { useSightWords } from './words.ts';

const shownMax = 12;
const capability = 'billing:read';

/** The newest things that stand out, in the order in which they happened. */
export const Timeline = () => {
  const say = useSightWords();
  const lang = useLanguage();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes(capability);
  const list = useInfiniteQuery({ ...anomaliesQuery, enabled: may });
  const rows = list.data?.pages.flatMap((page) => page.data).slice(0, shownMax) ?? [];
  const when = instant(lang);
  return (
    <Card title={say('timeline')} hint={say('timelineHint')} actions={<><AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} /><Link to="/usage" search={{ tab: 'anomalies' }} className="text-sm underline">{say('seeAll')}</Link></>}>
      {!may ? <EmptyState title="—" className="py-8">{say('noRight', { capability })}</EmptyState> : list.error ? <Failure cause={list.error} compact /> : list.data && rows.length === 0 ? <EmptyState icon={<ShieldCheck />} title={say('noAnomalies')} className="py-8">{say('noAnomaliesText')}</EmptyState> : (
        <ol className="flex flex-col px-4 py-3">
          {rows.map((one) => (
            <li key={one.reservation_id} className="relative flex flex-wrap items-center gap-x-3 gap-y-1 border-s border-line py-2 ps-5">
              <span aria-hidden className="absolute -start-1 top-4 size-2 rounded-full bg-warn" />
              <time dateTime={one.occurred_at} className="text-sm text-muted tabular-nums">{when.format(new Date(one.occurred_at))}</time>
              <Link to="/usage" search={{ tab: 'anomalies', reason: one.reason }}><Badge tone="warn">{one.reason}</Badge></Link>
              <span className="text-sm">{one.provider}/{one.model} <span className="text-muted">· {one.principal} · {one.purpose}</span></span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
};
