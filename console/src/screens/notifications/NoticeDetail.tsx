import { Badge, Banner, Button, Menu, useToast } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { BellOff, Clock } from 'lucide-react';
import { api, newKey } from '~/api/client.ts';
import { serverNow } from '~/app/clock.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { snoozes, snoozeUntil, type Notice, type Snooze } from '~/app/notices/fold.ts';
import { useNoticeActs } from '~/app/notices/queries.ts';
import { useOpen } from '~/app/notices/useOpen.ts';
import { toneOf, useNoticeWords, type Severity } from '~/app/notices/words.ts';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { oneQuery } from './queries.ts';
import { useNotificationWords } from './words.ts';

type MuteWhat = { scope: 'group' | 'kind' | 'source'; value: string; until: Snooze | null };

const MuteMenu = ({ notice }: { notice: Notice }) => {
  const say = useNotificationWords();
  const toast = useToast();
  const client = useQueryClient();
  const mute = useMutation({
    mutationFn: ({ scope, value, until }: MuteWhat) => api.POST('/v1/notifications/mutes', { params: { header: { 'Idempotency-Key': newKey() } }, body: { scope, value, until: until ? snoozeUntil(until, new Date(serverNow())).toISOString() : null } }),
    onSuccess: (_, { value }) => toast({ tone: 'ok', title: say('mutedNow', { what: value }), detail: say('mutedText') }),
    onError: (cause) => toast({ tone: 'bad', title: say('mute'), detail: cause.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  });
  const scopes = (['group', 'kind', 'source'] as const).flatMap((scope) => (notice[scope] ? [{ scope, value: notice[scope] }] : []));
  return (
    <Menu trigger={<Button size="sm" busy={mute.isPending}><BellOff aria-hidden className="size-4" />{say('mute')}</Button>}
      items={scopes.flatMap(({ scope, value }) => [
        { id: scope, heading: `${say(scope)}: ${scope === 'kind' ? say(value as 'alert') : value}` },
        ...([null, 'tomorrow'] as const).map((until) => ({ id: `${scope}-${until}`, label: until ? say('muteTomorrow') : say('muteAlways'), onSelect: () => mute.mutate({ scope, value, until }) })),
      ])} />
  );
};

/** One notification as it was told, and everything that this person can do with it. */
export const NoticeDetail = ({ id }: { id: string }) => {
  const say = useNotificationWords();
  const words = useNoticeWords();
  const common = useCommon();
  const when = instant(useLanguage());
  const acts = useNoticeActs();
  const { place, open } = useOpen();
  const view = useQuery(oneQuery(id));
  if (view.error) return <Failure cause={view.error} onRetry={() => void view.refetch()} compact />;
  if (!view.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const one = view.data;
  const to = place(one);
  const time = (at: string | null) => (at ? <time dateTime={at}>{when.format(new Date(at))}</time> : null);
  const fact = (name: string, value: React.ReactNode) => (value === null || value === '' ? null : ([name, value] as const));
  const mono = (value: string | null) => (value ? <code className="font-mono text-xs">{value}</code> : null);
  return (
    <article aria-label={one.title} className="flex flex-col gap-4 p-5">
      <div className="flex flex-wrap gap-1.5"><Badge tone={toneOf[one.severity as Severity]}>{words(one.severity as Severity)}</Badge><Badge>{say(one.kind as 'alert')}</Badge>{one.attention ? <Badge tone="warn">{say('attention')}</Badge> : null}{one.muted ? <Badge>{say('muted')}</Badge> : null}{one.count > 1 ? <Badge>{words('times', { n: one.count })}</Badge> : null}</div>
      <div><h2 className="text-lg font-semibold break-words">{one.title}</h2>{one.body && one.body !== one.title ? <p className="mt-1 break-words whitespace-pre-wrap">{one.body}</p> : null}</div>
      {one.untrusted ? <p className="border-s-2 border-line-strong ps-3 text-sm text-muted">{say('untrusted')}</p> : null}
      {one.resolved_at ? <Banner tone="info" title={say('over')}>{one.resolution}</Banner> : null}
      <div className="flex flex-wrap gap-2">
        {to ? <Button size="sm" look="primary" onClick={() => { if (!one.read) acts.mutate({ act: 'read', id }); open(to); }}>{say('openIt')}</Button> : null}
        {one.attention ? <Button size="sm" onClick={() => acts.mutate({ act: 'acknowledge', id })}>{say('acknowledge')}</Button> : null}
        <Menu trigger={<Button size="sm"><Clock aria-hidden className="size-4" />{say('snooze')}</Button>} items={[...snoozes.map((until) => ({ id: until, label: words(until), onSelect: () => acts.mutate({ act: 'snooze', id, until }) })), ...(one.snoozed_until ? [{ id: 'wake', label: say('wake'), onSelect: () => acts.mutate({ act: 'snooze', id, until: null }) }] : [])]} />
        <MuteMenu notice={one} />
        <Button size="sm" look="quiet" onClick={() => acts.mutate({ act: one.read ? 'unread' : 'read', id })}>{one.read ? say('markUnread') : say('markRead')}</Button>
        <CopyRequest method="GET" path={`/v1/notifications/${id}`} />
      </div>
      <FailureLine cause={acts.error} />
      <Facts facts={[
        fact(say('told'), time(one.created_at)), one.count > 1 ? fact(say('lastTime'), time(one.last_at)) : null, fact(say('source'), mono(one.source)), fact(say('subject'), mono(one.subject)), fact(say('group'), mono(one.group)),
        fact(say('expires'), time(one.expires_at)), fact(say('takenBy'), one.acknowledged_by), fact(say('snoozedUntil'), time(one.snoozed_until)), one.link && !to ? fact(say('link'), <>{mono(one.link)} <span className="text-muted">{say('noScreen')}</span></>) : null,
        ...Object.entries(one.metadata).map(([name, value]) => fact(name, mono(value))),
      ]} />
    </article>
  );
};
