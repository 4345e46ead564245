import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { useText } from './text.tsx';

type Props = { open: boolean; onOpenChange: (open: boolean) => void; title: string; hint?: ReactNode; children: ReactNode; className?: string };

const veil = 'fixed inset-0 z-40 bg-veil motion-safe:animate-[soma-fade_120ms_ease-out]';

const Header = ({ title, hint }: Pick<Props, 'title' | 'hint'>) => {
  const text = useText();
  return (
    <div className="flex items-start gap-3 border-b border-line px-5 py-4">
      <div className="min-w-0 flex-1">
        <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
        {hint ? <Radix.Description className="mt-0.5 text-sm text-muted">{hint}</Radix.Description> : null}
      </div>
      <Radix.Close asChild>
        <Button look="quiet" size="icon" aria-label={text.close}><X aria-hidden className="size-4" /></Button>
      </Radix.Close>
    </div>
  );
};

/** A question that must be answered before anything else. */
export const Dialog = ({ open, onOpenChange, title, hint, children, className }: Props) => (
  <Radix.Root open={open} onOpenChange={onOpenChange}>
    <Radix.Portal>
      <Radix.Overlay className={veil} />
      <Radix.Content {...(hint ? {} : { 'aria-describedby': undefined })} className={cn('fixed inset-x-4 top-[12vh] z-50 mx-auto flex max-h-[76vh] max-w-lg flex-col rounded-xl border border-line bg-surface shadow-high', className)}>
        <Header title={title} hint={hint} />
        <div className="overflow-y-auto p-5">{children}</div>
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
);

/** Looks at one record beside the list it comes from. */
export const Drawer = ({ open, onOpenChange, title, hint, children, className }: Props) => (
  <Radix.Root open={open} onOpenChange={onOpenChange}>
    <Radix.Portal>
      <Radix.Overlay className={veil} />
      <Radix.Content {...(hint ? {} : { 'aria-describedby': undefined })} className={cn('fixed inset-y-0 end-0 z-50 flex w-full max-w-xl flex-col border-s border-line bg-surface shadow-high', className)}>
        <Header title={title} hint={hint} />
        <div className="flex-1 overflow-y-auto p-5">{children}</div>
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
);
