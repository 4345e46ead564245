import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export type Tab = { id: string; label: string; content: ReactNode };

export const Tabs = ({ tabs, value, onChange, label, className }: { tabs: readonly Tab[]; value: string; onChange: (id: string) => void; label: string; className?: string }) => (
  <Radix.Root value={value} onValueChange={onChange} className={cn('flex min-h-0 flex-col', className)}>
    <Radix.List aria-label={label} className="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-3">
      {tabs.map((tab) => (
        <Radix.Trigger key={tab.id} value={tab.id} className="-mb-px h-10 border-b-2 border-transparent px-2 text-sm font-medium text-muted hover:text-text focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:text-text">
          {tab.label}
        </Radix.Trigger>
      ))}
    </Radix.List>
    {tabs.map((tab) => (
      <Radix.Content key={tab.id} value={tab.id} className="min-h-0 flex-1 overflow-y-auto focus-visible:-outline-offset-2">{tab.content}</Radix.Content>
    ))}
  </Radix.Root>
);
