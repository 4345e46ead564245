import type { ReactNode } from 'react';
import { AsOf } from './AsOf.tsx';
import { Badge } from './Badge.tsx';
import { cn } from './cn.ts';
import { Sparkline } from './Sparkline.tsx';
import { useText } from './text.tsx';

/**
 * What a tile knows. `unknown` carries the reason and shows a dash, never a zero; `stale` shows the old value and says that it is old.
 */
export type KpiState =
  | { kind: 'loading' }
  | { kind: 'ok'; value: string; at: Date; estimated?: boolean; points?: readonly (number | null)[] }
  | { kind: 'stale'; value: string; at: Date; reason: string; points?: readonly (number | null)[] }
  | { kind: 'unknown'; reason: string }
  | { kind: 'error'; reason: string };

/** One number with its unit, where it comes from and when it was read. */
export const KpiTile = ({ label, unit, state, source, action, className }: { label: string; unit?: string; state: KpiState; source: string; action?: ReactNode; className?: string }) => {
  const text = useText();
  const known = state.kind === 'ok' || state.kind === 'stale';
  return (
    <section aria-label={label} className={cn('flex min-h-28 flex-col rounded-lg border border-line bg-surface p-4 shadow-card', className)}>
      <div className="flex items-start justify-between gap-2">
        <h3 className="text-sm font-medium text-muted">{label}</h3>
        {state.kind === 'ok' && state.estimated ? <Badge>{text.estimate}</Badge> : null}
        {state.kind === 'stale' ? <Badge tone="warn">{text.stale}</Badge> : null}
      </div>
      <p className="mt-1 flex items-baseline gap-1.5 text-2xl font-semibold tabular-nums">
        {state.kind === 'loading' ? <span role="status" className="mt-1 h-6 w-20 animate-pulse rounded bg-hover"><span className="sr-only">{text.loading}</span></span> : null}
        {known ? <><span>{state.value}</span>{unit ? <span className="text-base font-normal text-muted">{unit}</span> : null}</> : null}
        {state.kind === 'unknown' || state.kind === 'error' ? <span aria-label={text.unknown}>—</span> : null}
      </p>
      {known && state.points ? <Sparkline points={state.points} className="mt-1 h-7" /> : null}
      <div className="mt-auto flex flex-wrap items-end justify-between gap-2 pt-2 text-xs">
        {state.kind === 'unknown' || state.kind === 'stale' ? <span className="text-muted">{state.reason}</span> : null}
        {state.kind === 'error' ? <span className="text-bad">{state.reason}</span> : null}
        {known ? <span title={source}><AsOf at={state.at} /></span> : null}
        {action}
      </div>
    </section>
  );
};
