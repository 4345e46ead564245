import { Bell } from 'lucide-react';
import { Popover as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { fill, useText } from './text.tsx';

const shownMax = 99;

/**
 * The bell has three states: neutral, unread (a dot), and attention with a count when something waits for this very person. Inside is
 * usually a {@link NotificationList}.
 */
export const NotificationTray = ({ unread, attention, more = false, open, onOpenChange, children }: { unread: number; attention: number; more?: boolean; open?: boolean; onOpenChange?: (open: boolean) => void; children: ReactNode }) => {
  const text = useText();
  const state = attention > 0 ? 'attention' : unread > 0 ? 'unread' : 'neutral';
  const plus = more ? '+' : '';
  const said = [attention > 0 ? fill(text.noticesWait, { n: attention }) : null, unread > 0 ? fill(text.noticesUnread, { n: `${unread}${plus}` }) : null].filter(Boolean).join(', ');
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>
        <Button look="quiet" size="icon" data-bell={state} className={cn('relative', state === 'attention' && 'text-warn hover:text-warn')} aria-label={said ? `${text.notifications}: ${said}` : text.notifications}>
          <Bell aria-hidden className="size-4" />
          {state === 'unread' ? <span aria-hidden className="absolute end-1.5 top-1.5 size-2 rounded-full bg-accent ring-2 ring-surface" /> : null}
          {state === 'attention' ? <span aria-hidden className="absolute -end-0.5 -top-0.5 min-w-4 rounded-full bg-warn px-1 text-xs leading-4 text-surface">{attention > shownMax ? `${shownMax}+` : attention}</span> : null}
        </Button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align="end" sideOffset={8} collisionPadding={8} aria-label={text.notifications} className="z-50 flex max-h-[min(70vh,40rem)] w-[26rem] max-w-[calc(100vw-1rem)] flex-col overflow-hidden rounded-xl border border-line bg-surface shadow-high">
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
};
