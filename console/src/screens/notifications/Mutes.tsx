import { Button, Card } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { mutesQuery } from '~/app/notices/queries.ts';
import { relativeTime } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import { unsubscribesQuery } from './queries.ts';
import { useNotificationWords } from './words.ts';

const Rows = ({ title, hint, empty, rows, error }: { title: string; hint: string; empty: string; rows: readonly { id: string; text: ReactNode; undo: ReactNode }[] | undefined; error: unknown }) => (
  <Card title={title} hint={hint}>
    <ul className="divide-y divide-line">
      {rows?.map((row) => <li key={row.id} className="flex items-center gap-2 px-4 py-2"><span className="min-w-0 flex-1 break-words">{row.text}</span>{row.undo}</li>)}
    </ul>
    {rows?.length === 0 ? <p className="p-4 text-sm text-muted">{empty}</p> : null}
    <div className="px-4 empty:hidden"><FailureLine cause={error} /></div>
  </Card>
);

/** What this person does not want to hear of: muted in the console, unsubscribed on the ways out. */
export const Mutes = () => {
  const say = useNotificationWords();
  const lang = useLanguage();
  const client = useQueryClient();
  const mutes = useQuery(mutesQuery);
  const unsubscribes = useQuery(unsubscribesQuery);
  const header = () => ({ 'Idempotency-Key': newKey() });
  const unmute = useMutation({ mutationFn: (query: { scope: string; value: string }) => api.DELETE('/v1/notifications/mutes', { params: { query, header: header() } }), onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }) });
  const again = useMutation({ mutationFn: (path: { channel: string; scope: string }) => api.DELETE('/v1/notifications/unsubscribes/{channel}/{scope}', { params: { path, header: header() } }), onSettled: () => client.invalidateQueries({ queryKey: unsubscribesQuery.queryKey }) });
  return (
    <>
      <Rows title={say('mutes')} hint={say('mutesText')} empty={say('noMutes')} error={mutes.error ?? unmute.error}
        rows={mutes.data?.map((one) => ({ id: `${one.scope}-${one.value}`, text: <><span className="text-muted">{say(one.scope as 'group')}</span> <code className="font-mono text-sm">{one.value}</code>{one.until ? <span className="text-sm text-muted"> · {relativeTime(new Date(one.until), lang)}</span> : null}</>, undo: <Button size="sm" look="quiet" aria-label={`${say('unmute')}: ${one.value}`} onClick={() => unmute.mutate({ scope: one.scope, value: one.value })}>{say('unmute')}</Button> }))} />
      {unsubscribes.data?.length === 0 ? null : (
        <Rows title={say('unsubscribed')} hint={say('unsubscribedText')} empty="" error={unsubscribes.error ?? again.error}
          rows={unsubscribes.data?.map((one) => ({ id: `${one.channel}-${one.scope}`, text: <>{say(one.channel as 'email')} <code className="font-mono text-sm">{one.scope}</code></>, undo: <Button size="sm" look="quiet" aria-label={`${say('subscribe')}: ${one.scope}`} onClick={() => again.mutate({ channel: one.channel, scope: one.scope })}>{say('subscribe')}</Button> }))} />
      )}
    </>
  );
};
