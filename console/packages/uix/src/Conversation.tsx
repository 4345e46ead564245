import type { ReactNode, Ref } from 'react';
import { cn } from './cn.ts';
import { useText } from './text.tsx';

/** The turns of a conversation. New words are not read out one by one; say what matters in a live region of your own. */
export const Conversation = ({ label, children, className, ref }: { label: string; children: ReactNode; className?: string; ref?: Ref<HTMLDivElement> }) => (
  <div ref={ref} role="log" aria-live="off" aria-label={label} className={cn('mx-auto flex w-full max-w-[46rem] flex-col gap-8 px-4 py-6', className)}>{children}</div>
);

/** What a person said: a bubble at the end side, kept as written. */
export const UserMessage = ({ children, footer }: { children: string; footer?: ReactNode }) => {
  const text = useText();
  return (
    <div className="group/message flex flex-col items-end gap-1">
      <p dir="auto" className="max-w-[85%] rounded-2xl rounded-ee-md bg-accent-soft px-4 py-2.5 text-base break-words whitespace-pre-wrap"><span className="sr-only">{text.you}: </span>{children}</p>
      {footer}
    </div>
  );
};

/** What a persona said: full width, with its name, parts and proof. */
export const AgentMessage = ({ name, badge, children, footer }: { name: string; badge?: ReactNode; children: ReactNode; footer?: ReactNode }) => (
  <div className="group/message flex flex-col gap-2">
    <p className="flex items-center gap-2 text-sm font-semibold"><span aria-hidden className="flex size-6 items-center justify-center rounded-full bg-primary text-xs text-on-primary">{name.slice(0, 1).toUpperCase()}</span>{name}{badge}</p>
    <div className="flex min-w-0 flex-col gap-3 text-base">{children}</div>
    {footer}
  </div>
);

/** Three dots while nothing can be shown yet. */
export const Typing = ({ label }: { label: string }) => (
  <p className="flex items-center gap-2 text-sm text-muted">
    <span aria-hidden className="flex gap-1">{['delay-0', 'delay-150', 'delay-300'].map((delay) => <span key={delay} className={cn('size-1.5 animate-pulse rounded-full bg-accent', delay)} />)}</span>
    {label}
  </p>
);
