import { AsOf, Badge, Banner, Button, Card, CardBody, EmptyState, Field, Input, StatusLed, TextArea, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { instant, relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { useTrainingWords } from './words.ts';

const pollMs = 5_000;
const minutesFirst = 60;
const minutesMax = 1440;

/** Holds the tenant for whoever trains: everybody else can read and not act. */
export const Training = () => {
  const say = useTrainingWords();
  const common = useCommon();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const me = useSuspenseQuery(meQuery).data;
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState(minutesFirst);
  const lock = useQuery({ queryKey: ['training', me.tenant], queryFn: () => bodyOf(api.GET('/v1/training/{tenant}', { params: { path: { tenant: me.tenant } } })), refetchInterval: pollMs });
  const change = useMutation({
    mutationFn: (to: 'start' | 'stop') => {
      const params = { header: { 'Idempotency-Key': newKey() } };
      return to === 'start' ? bodyOf(api.POST('/v1/training/start', { body: { reason: reason.trim(), minutes }, params })) : bodyOf(api.POST('/v1/training/stop', { body: { reason: reason.trim() || null }, params }));
    },
    onSuccess: (now) => {
      toast({ tone: 'ok', title: now.locked ? say('heldToast') : say('freeToast') });
      setReason('');
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['training'] }),
  });
  const now = lock.data;
  const isMine = now?.locked_by === me.principal;
  const mayStart = me.capabilities.includes('training:manage');
  const mayStop = isMine || me.capabilities.includes('tenant:admin');
  const form = now && (now.locked ? mayStop : mayStart);
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={lock.dataUpdatedAt ? new Date(lock.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path={`/v1/training/${me.tenant}`} />} />
      <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
        {lock.error ? <Failure cause={lock.error} onRetry={() => void lock.refetch()} /> : !now ? <p role="status" className="text-muted">{common('loading')}</p> : (
          <>
            <Card title={say('now')} actions={<StatusLed state={now.locked ? 'degraded' : 'ok'} label={now.locked ? say('held') : say('free')} />}>
              <CardBody className="flex flex-col gap-2">
                {now.locked ? (
                  <>
                    <p>{say('by', { who: now.locked_by ?? '—', when: now.locked_at ? instant(lang).format(new Date(now.locked_at)) : '—' })}</p>
                    {now.reason ? <p className="break-words">{now.reason}</p> : null}
                    <p className="text-sm text-muted">{now.ends_at ? say('until', { when: instant(lang).format(new Date(now.ends_at)), relative: relativeTime(new Date(now.ends_at), lang) }) : '—'}</p>
                  </>
                ) : <EmptyState title={say('nobody')} className="py-4">{say('nobodyText')}</EmptyState>}
                <p className="flex flex-wrap items-center gap-1.5 text-sm">{now.locked ? say('blocks') : say('wouldBlock')}: {now.blocks.length === 0 ? '—' : now.blocks.map((one) => <Badge key={one} className="font-mono">{one}</Badge>)}</p>
                <p className="text-sm text-muted">{say('goesOn')}</p>
              </CardBody>
            </Card>
            {form ? (
              <Card title={now.locked ? say('stop') : say('start')}>
                <CardBody>
                  <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); change.mutate(now.locked ? 'stop' : 'start'); }}>
                    <Field label={say('reason')} hint={now.locked && isMine ? say('optional') : say('reasonHint')}>{(parts) => <TextArea {...parts} value={reason} onChange={(event) => setReason(event.target.value)} required={!(now.locked && isMine)} maxLength={500} className="min-h-16" />}</Field>
                    {now.locked ? null : <Field label={say('minutes')} hint={say('minutesHint', { max: minutesMax })}>{(parts) => <Input {...parts} type="number" min={1} max={minutesMax} step={1} required value={minutes} onChange={(event) => setMinutes(event.target.valueAsNumber)} className="w-32" />}</Field>}
                    <FailureLine cause={change.error} />
                    <Button look={now.locked ? 'primary' : 'danger'} type="submit" busy={change.isPending} className="self-start">{now.locked ? say('stop') : say('start')}</Button>
                  </form>
                </CardBody>
              </Card>
            ) : <Banner tone="info" title={say('missing')}><code className="font-mono">{now.locked ? 'tenant:admin' : 'training:manage'}</code></Banner>}
          </>
        )}
      </div>
    </>
  );
};
