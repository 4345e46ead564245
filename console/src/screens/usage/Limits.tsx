import { AsOf, Banner, Button, Card, EmptyState, Meter, Table, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Gauge } from 'lucide-react';
import { useState } from 'react';
import { api } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { LimitDialog } from './LimitDialog.tsx';
import { limitsQuery, type Limit } from './queries.ts';
import { useUsageWords } from './words.ts';

const capability = 'tenant:admin';

/** Every limit with what is used, bound and left of it now. */
export const Limits = () => {
  const say = useUsageWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const may = useSuspenseQuery(meQuery).data.capabilities.includes(capability);
  const limits = useQuery(limitsQuery);
  const [adding, setAdding] = useState(false);
  const remove = useMutation({
    mutationFn: (limit: Limit) => stepUp(() => api.DELETE('/v1/billing/limits/{id}', { params: { path: { id: limit.id } }, headers: { 'If-Match': `"${limit.version}"` } })),
    onSuccess: () => toast({ tone: 'ok', title: say('removed') }),
    onSettled: () => client.invalidateQueries({ queryKey: limitsQuery.queryKey }),
  });
  if (limits.error) return <Failure cause={limits.error} onRetry={() => void limits.refetch()} />;
  if (!limits.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const value = (limit: Limit, amount: number) => (limit.currency ? number.money(amount, limit.currency) : number.whole(amount));
  const whoOf = (limit: Limit) => [limit.principal, limit.api_key, limit.provider, limit.model].filter(Boolean).join(' · ') || say('everybody');
  const add = may ? <Button size="sm" look="primary" onClick={() => setAdding(true)}>{say('newLimit')}…</Button> : null;
  return (
    <div className="flex flex-col gap-4 p-5">
      {may ? null : <Banner tone="info" title={say('mayNot')}><code className="font-mono">{capability}</code></Banner>}
      <Card title={say('limits')} actions={<><AsOf at={new Date(limits.dataUpdatedAt)} locale={lang} />{add}<CopyRequest method="GET" path="/v1/billing/limits" /></>}>
        <Table label={say('limits')} rows={limits.data} rowId={(limit) => limit.id} empty={<EmptyState icon={<Gauge />} title={say('noLimits')} action={add}>{say('noLimitsText')}</EmptyState>}
          columns={[
            { id: 'who', header: say('who'), cell: whoOf },
            { id: 'metric', header: say('metric'), cell: (limit) => (limit.metric === 'tokens' ? say('tokens').toLowerCase() : say(limit.metric as 'money')) },
            { id: 'window', header: say('window'), cell: (limit) => say(limit.window as 'day') },
            { id: 'used', header: say('used'), cell: (limit) => <Meter used={limit.used} promised={limit.bound} of={limit.amount} label={say('usedOf', { used: value(limit, limit.used), bound: value(limit, limit.bound), of: value(limit, limit.amount) })} className="min-w-72" /> },
            { id: 'left', header: say('left'), cell: (limit) => value(limit, limit.remaining), end: true },
            { id: 'resets', header: say('resets'), cell: (limit) => <time dateTime={limit.resets_at}>{relativeTime(new Date(limit.resets_at), lang)}</time> },
            ...(may ? [{ id: 'act', header: '', cell: (limit: Limit) => <Button size="sm" look="quiet" aria-label={`${say('remove')}: ${whoOf(limit)}, ${limit.metric}, ${limit.window}`} busy={remove.isPending && remove.variables.id === limit.id} onClick={() => remove.mutate(limit)}>{say('remove')}</Button>, end: true }] : []),
          ]} />
        <div className="px-4 py-1 empty:hidden"><FailureLine cause={remove.error} /></div>
      </Card>
      {adding ? <LimitDialog onClose={() => setAdding(false)} /> : null}
    </div>
  );
};
