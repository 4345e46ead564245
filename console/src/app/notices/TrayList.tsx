import { Button, NotificationList } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Settings } from 'lucide-react';
import { useState } from 'react';
import { FailureLine } from '~/app/Failure.tsx';
import { useLanguage } from '~/i18n/words.ts';
import { serverNow } from '../clock.ts';
import { everyMs } from './counts.ts';
import { isSystem, snoozes, type Snooze } from './fold.ts';
import { useLive } from './live.ts';
import { mutesQuery, newestQuery, useNoticeActs, waitingQuery } from './queries.ts';
import { useOpen } from './useOpen.ts';
import { toneOf, useNoticeWords, type Severity } from './words.ts';

const tabs = ['all', 'waiting', 'systems'] as const;
const nothing = { all: 'noneAll', waiting: 'noneWaiting', systems: 'noneSystems' } as const;

/** The newest notifications, as the bell opens them. */
export const TrayList = ({ onClose }: { onClose: () => void }) => {
  const say = useNoticeWords();
  const lang = useLanguage();
  const live = useLive();
  const go = useNavigate();
  const { place, open } = useOpen();
  const acts = useNoticeActs();
  const [tab, setTab] = useState<(typeof tabs)[number]>('all');
  const interval = { refetchInterval: everyMs(live) };
  const newest = useQuery({ ...newestQuery, ...interval });
  const waiting = useQuery({ ...waitingQuery, ...interval, enabled: tab === 'waiting' });
  useQuery(mutesQuery);
  const source = tab === 'waiting' ? waiting : newest;
  const asleep = (until: string | null) => until !== null && Date.parse(until) > serverNow();
  const shown = source.data?.filter((one) => !one.muted && !asleep(one.snoozed_until) && (tab !== 'systems' || isSystem(one)));
  const onOpen = (id: string) => {
    const notice = shown?.find((one) => one.id === id);
    if (!notice) return;
    if (!notice.read) acts.mutate({ act: 'read', id });
    onClose();
    const to = place(notice);
    if (to) open(to);
    else void go({ to: '/notifications', search: { id } });
  };
  return (
    <NotificationList locale={lang} tab={tab} onTab={(to) => setTab(to as typeof tab)} tabs={tabs.map((id) => ({ id, label: say(id) }))} empty={say(nothing[tab])}
      notices={shown?.map((one) => ({ id: one.id, title: one.title, detail: one.body && one.body !== one.title ? one.body : undefined, at: new Date(one.last_at), unread: !one.read, needsYou: one.attention, badge: one.severity === 'info' ? undefined : { tone: toneOf[one.severity as Severity], text: say(one.severity as Severity) } })) ?? (source.error ? [] : null)}
      head={<Button look="quiet" size="icon" aria-label={say('settings')} onClick={() => { onClose(); void go({ to: '/notifications', search: { tab: 'preferences' } }); }}><Settings aria-hidden className="size-4" /></Button>}
      note={<div className="px-4 empty:hidden">{live ? null : <p className="text-xs text-muted">{say('polling')}</p>}<FailureLine cause={source.error ?? acts.error} /></div>}
      onOpen={onOpen} onRead={(id) => acts.mutate({ act: 'read', id })} onAcknowledge={(id) => acts.mutate({ act: 'acknowledge', id })} snoozes={snoozes.map((id) => ({ id, label: say(id) }))} onSnooze={(id, until) => acts.mutate({ act: 'snooze', id, until: until as Snooze })}
      footer={<Link to="/notifications" onClick={onClose} className="block rounded-md px-2 py-1 text-center text-sm text-accent hover:bg-hover">{say('open')}</Link>} />
  );
};
