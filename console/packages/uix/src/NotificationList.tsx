import { Check, Clock } from 'lucide-react';
import type { ReactNode } from 'react';
import { Badge, type Tone } from './Badge.tsx';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { EmptyState } from './EmptyState.tsx';
import { Menu } from './Menu.tsx';
import { Tabs } from './Tabs.tsx';
import { useText } from './text.tsx';

/** `needsYou` waits for this person; `unread` he has not seen. */
export type NoticeLine = { id: string; title: string; detail?: ReactNode; at: Date; unread: boolean; needsYou: boolean; badge?: { tone: Tone; text: string } };

type Acts = {
  onOpen?: (id: string) => void;
  onRead?: (id: string) => void;
  onAcknowledge?: (id: string) => void;
  snoozes?: readonly { id: string; label: string }[];
  onSnooze?: (id: string, snooze: string) => void;
};

const Line = ({ notice, locale, onOpen, onRead, onAcknowledge, snoozes = [], onSnooze }: Acts & { notice: NoticeLine; locale?: string }) => {
  const text = useText();
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' });
  const state = notice.needsYou ? text.noticeWaits : notice.unread ? text.noticeUnread : null;
  return (
    <li className="flex items-start gap-1 rounded-md hover:bg-hover">
      <button type="button" onClick={() => onOpen?.(notice.id)} className="flex min-w-0 flex-1 items-start gap-2.5 rounded-md px-2.5 py-2 text-start focus-visible:-outline-offset-2">
        <span aria-hidden className={cn('mt-1.5 size-2 shrink-0', notice.needsYou ? 'rotate-45 bg-warn' : notice.unread ? 'rounded-full bg-accent' : 'rounded-full border border-line-strong')} />
        <span className="min-w-0 flex-1">
          {state ? <span className="sr-only">{state}: </span> : null}
          <span className={cn('block break-words', notice.unread && 'font-semibold')}>{notice.title}</span>
          {notice.detail ? <span className="line-clamp-2 text-sm break-words text-muted">{notice.detail}</span> : null}
          <span className="mt-0.5 flex flex-wrap items-center gap-2"><time dateTime={notice.at.toISOString()} className="text-xs text-muted">{time.format(notice.at)}</time>{notice.badge ? <Badge tone={notice.badge.tone}>{notice.badge.text}</Badge> : null}</span>
        </span>
      </button>
      <span className="flex shrink-0 items-center gap-0.5 py-1.5 pe-1">
        {notice.needsYou && onAcknowledge ? <Button size="sm" onClick={() => onAcknowledge(notice.id)} aria-label={`${text.acknowledge}: ${notice.title}`}>{text.acknowledge}</Button> : null}
        {snoozes.length > 0 && onSnooze ? <Menu trigger={<Button look="quiet" size="icon" aria-label={`${text.snooze}: ${notice.title}`}><Clock aria-hidden className="size-4" /></Button>} items={snoozes.map((one) => ({ ...one, onSelect: () => onSnooze(notice.id, one.id) }))} /> : null}
        {notice.unread && onRead ? <Button look="quiet" size="icon" onClick={() => onRead(notice.id)} aria-label={`${text.markRead}: ${notice.title}`}><Check aria-hidden className="size-4" /></Button> : null}
      </span>
    </li>
  );
};

/** The newest notifications under tabs, each with what can be done about it. */
export const NotificationList = ({ notices, tabs, tab, onTab, head, note, empty, footer, locale, ...acts }: Acts & {
  /** Null while they are not known yet. */
  notices: readonly NoticeLine[] | null;
  tabs: readonly { id: string; label: string }[];
  tab: string;
  onTab: (id: string) => void;
  head?: ReactNode;
  /** What is wrong, above the list. */
  note?: ReactNode;
  empty?: string;
  footer?: ReactNode;
  locale?: string;
}) => {
  const text = useText();
  const list = notices === null ? <p role="status" className="p-6 text-center text-muted">{text.loading}</p> : notices.length === 0 ? <EmptyState title={empty ?? text.noNotifications} className="py-8" /> : <ul className="p-1.5">{notices.map((notice) => <Line key={notice.id} notice={notice} locale={locale} {...acts} />)}</ul>;
  return (
    <>
      <div className="flex items-center gap-2 px-4 pt-3 pb-1"><h2 className="flex-1 text-base font-semibold">{text.notifications}</h2>{head}</div>
      {note}
      <Tabs label={text.notifications} value={tab} onChange={onTab} className="min-h-0 flex-1" tabs={tabs.map((one) => ({ ...one, content: one.id === tab ? list : null }))} />
      {footer ? <div className="border-t border-line p-2">{footer}</div> : null}
    </>
  );
};
