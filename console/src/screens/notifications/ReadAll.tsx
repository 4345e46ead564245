import { Banner, Button } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CheckCheck } from 'lucide-react';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { countsQuery } from '~/app/notices/counts.ts';
import { useNotificationWords } from './words.ts';

/** Marks everything as read that was on the list, and takes it back. What came meanwhile stays unread. */
export const ReadAll = ({ through }: { through: number }) => {
  const say = useNotificationWords();
  const client = useQueryClient();
  const counts = useQuery(countsQuery).data;
  const onSettled = () => client.invalidateQueries({ queryKey: ['notifications'] });
  const all = useMutation({ mutationFn: () => bodyOf(api.POST('/v1/notifications/read-all', { params: { header: { 'Idempotency-Key': newKey() } }, body: { through: through || null } })), onSettled });
  const undo = useMutation({ mutationFn: (mark: string) => bodyOf(api.POST('/v1/notifications/read-all/undo', { params: { header: { 'Idempotency-Key': newKey() } }, body: { undo: mark } })), onSuccess: () => all.reset(), onSettled });
  if (all.data) return <Banner tone="ok" title={say('allRead')} className="rounded-none border-x-0" action={<><Button size="sm" busy={undo.isPending} onClick={() => undo.mutate(all.data.undo)}>{say('undo')}</Button><Button size="sm" look="quiet" onClick={() => all.reset()}>{say('fine')}</Button></>}><FailureLine cause={undo.error} /></Banner>;
  if (!counts) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-5 py-1.5 text-sm text-muted">
      <span>{say('unreadCount', { n: `${counts.unread}${counts.more ? '+' : ''}` })}</span><span>{say('attentionCount', { n: counts.attention })}</span>
      <FailureLine cause={all.error} />
      <Button size="sm" look="quiet" className="ms-auto" disabled={counts.unread === 0} busy={all.isPending} onClick={() => all.mutate()}><CheckCheck aria-hidden className="size-4" />{say('readAll')}</Button>
    </div>
  );
};
