import { cn } from './cn.ts';

/** A measured share from 0 to 1 with the interval that it is known to. The mark is the value, the band what may as well be true. */
export const Interval = ({ value, low, high, label, mark, className }: { value: number; low: number; high: number; label: string; mark?: number; className?: string }) => {
  const at = (share: number) => `${Math.max(0, Math.min(1, share)) * 100}%`;
  return (
    <span className={cn('inline-flex items-center gap-2', className)}>
      <span aria-hidden className="relative h-3 w-20 shrink-0 rounded-sm bg-sunken">
        <span className="absolute inset-y-1 rounded-full bg-accent/35" style={{ insetInlineStart: at(low), width: at(high - low) }} />
        {mark === undefined ? null : <span className="absolute inset-y-0 w-px bg-line-strong" style={{ insetInlineStart: at(mark) }} />}
        <span className="absolute inset-y-0 w-0.5 rounded-full bg-accent" style={{ insetInlineStart: at(value) }} />
      </span>
      <span className="text-sm whitespace-nowrap tabular-nums">{label}</span>
    </span>
  );
};
