import { Bell, BellDot } from 'lucide-react';
import { Popover as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { EmptyState } from './EmptyState.tsx';
import { useText } from './text.tsx';

export type Notice = { id: string; title: string; detail?: ReactNode; at: Date; unread: boolean; needsYou: boolean; href?: string };

/** The bell has three states: neutral, unread, and attention when something waits for this very person. */
export const NotificationTray = ({ notices, onOpen, onRead, footer, locale }: { notices: readonly Notice[]; onOpen?: (notice: Notice) => void; onRead?: (id: string) => void; footer?: ReactNode; locale?: string }) => {
  const text = useText();
  const waiting = notices.filter((notice) => notice.needsYou).length;
  const unread = notices.filter((notice) => notice.unread).length;
  const count = waiting || unread;
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' });
  return (
    <Radix.Root>
      <Radix.Trigger asChild>
        <Button look="quiet" size="icon" className={cn('relative', waiting > 0 && 'text-warn')} aria-label={count ? `${text.notifications}: ${count}` : text.notifications}>
          {count ? <BellDot aria-hidden className="size-4" /> : <Bell aria-hidden className="size-4" />}
          {waiting ? <span aria-hidden className="absolute -end-0.5 -top-0.5 min-w-4 rounded-full bg-warn px-1 text-xs leading-4 text-surface">{waiting}</span> : null}
        </Button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align="end" sideOffset={8} aria-label={text.notifications} className="z-50 flex max-h-[70vh] w-96 max-w-[calc(100vw-2rem)] flex-col rounded-xl border border-line bg-surface shadow-high">
          <h2 className="border-b border-line px-4 py-3 text-base font-semibold">{text.notifications}</h2>
          {notices.length === 0 ? <EmptyState title={text.noNotifications} className="py-8" /> : (
            <ul className="overflow-y-auto p-1.5">
              {notices.map((notice) => (
                <li key={notice.id} className="flex items-start gap-1 rounded-md hover:bg-hover">
                  <button type="button" onClick={() => onOpen?.(notice)} className="flex min-w-0 flex-1 items-start gap-2.5 rounded-md px-2.5 py-2 text-start">
                    <span aria-hidden className={cn('mt-1.5 size-2 shrink-0 rounded-full', notice.needsYou ? 'bg-warn' : notice.unread ? 'bg-accent' : 'border border-line-strong')} />
                    <span className="min-w-0">
                      <span className={cn('block break-words', notice.unread && 'font-semibold')}>{notice.title}</span>
                      {notice.detail ? <span className="block text-sm text-muted">{notice.detail}</span> : null}
                      <time dateTime={notice.at.toISOString()} className="text-xs text-muted">{time.format(notice.at)}</time>
                    </span>
                  </button>
                  {notice.unread && onRead ? <Button look="quiet" size="sm" className="mt-1" onClick={() => onRead(notice.id)} aria-label={`${text.markRead}: ${notice.title}`}>✓</Button> : null}
                </li>
              ))}
            </ul>
          )}
          {footer ? <div className="border-t border-line p-2">{footer}</div> : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
};
