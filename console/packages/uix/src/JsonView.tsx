import { cn } from './cn.ts';

/** Data as it is, never as markup. Scrolls by keyboard. */
export const JsonView = ({ value, label, className }: { value: unknown; label: string; className?: string }) => (
  <pre tabIndex={0} role="region" aria-label={label} className={cn('overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs break-words whitespace-pre-wrap', className)}>
    {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
  </pre>
);
