import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export type MenuItem = { id: string; label: ReactNode; icon?: ReactNode; checked?: boolean; danger?: boolean; onSelect: () => void } | { id: string; heading: string };

/** A menu under the element that opens it. */
export const Menu = ({ trigger, items, align = 'end' }: { trigger: ReactNode; items: readonly MenuItem[]; align?: 'start' | 'end' }) => (
  <Radix.Root>
    <Radix.Trigger asChild>{trigger}</Radix.Trigger>
    <Radix.Portal>
      <Radix.Content align={align} sideOffset={6} className="z-50 min-w-48 rounded-lg border border-line bg-surface p-1 shadow-high">
        {items.map((item) =>
          'heading' in item ? (
            <Radix.Label key={item.id} className="px-2.5 pt-2 pb-1 text-xs font-medium text-muted">{item.heading}</Radix.Label>
          ) : (
            <Radix.Item key={item.id} onSelect={item.onSelect} className={cn('flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2.5 text-base outline-none select-none data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:text-muted', item.danger && 'text-bad')}>
              {item.icon}
              <span className="flex-1">{item.label}</span>
              {item.checked ? <span className="text-accent"><span aria-hidden>✓</span></span> : null}
            </Radix.Item>
          ),
        )}
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
);
