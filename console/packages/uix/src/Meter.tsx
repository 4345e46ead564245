import { cn } from './cn.ts';

/** How much of a bound is used, and how much more is promised. `label` says it in words; the bar is for the eye, `plain` where being full is nothing bad. */
export const Meter = ({ used, promised = 0, of, label, plain = false, className }: { used: number; promised?: number; of: number; label: string; plain?: boolean; className?: string }) => {
  const part = (value: number) => `${Math.max(0, Math.min(1, of > 0 ? value / of : 1)) * 100}%`;
  const ratio = of > 0 ? (used + promised) / of : 1;
  return (
    <div className={cn('flex flex-col gap-1', className)}>
      <div aria-hidden className="flex h-1.5 overflow-hidden rounded-full bg-hover">
        <div className={cn('h-full', plain ? 'bg-accent' : ratio >= 1 ? 'bg-bad' : ratio >= 0.8 ? 'bg-warn' : 'bg-accent')} style={{ width: part(used) }} />
        <div className="h-full bg-line-strong" style={{ width: part(promised) }} />
      </div>
      <span className="text-xs text-muted tabular-nums">{label}</span>
    </div>
  );
};
