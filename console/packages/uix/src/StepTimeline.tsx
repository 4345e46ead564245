import type { ReactNode } from 'react';
import { cn } from './cn.ts';
import { StepState } from './StepState.tsx';
import { fill, useText } from './text.tsx';

/** `from` and `to` are milliseconds; null where it did not begin, or has not ended. */
export type TimedStep = { id: string; name: string; detail: string; state: string; attempt: number; from: number | null; to: number | null; took: string | null; nested?: boolean; note?: ReactNode };

const bars: Record<string, string> = { completed: 'bg-ok', failed: 'bg-bad', waiting: 'bg-warn', retrying: 'bg-warn', running: 'bg-info' };
/** A bar that is shorter cannot be seen. */
const leastShare = 0.6;

/** The steps of a run one below the other, each with its bar on a common axis of time. */
export const StepTimeline = ({ label, steps, now, selected, onSelect }: { label: string; steps: readonly TimedStep[]; now: number; selected?: string | null; onSelect?: (id: string) => void }) => {
  const text = useText();
  const begun = steps.filter((step) => step.from !== null);
  const start = Math.min(...begun.map((step) => step.from!));
  const end = Math.max(...begun.map((step) => step.to ?? now));
  const share = (ms: number) => (Math.max(0, Math.min(ms, end - start)) / Math.max(1, end - start)) * 100;
  return (
    <ol aria-label={label} className="flex flex-col divide-y divide-line">
      {steps.map((step) => {
        const from = step.from === null ? 0 : Math.min(100 - leastShare, share(step.from - start));
        return (
          <li key={step.id} className={cn('relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2 hover:bg-hover md:grid-cols-[minmax(0,18rem)_minmax(6rem,1fr)_auto]', step.id === selected && 'bg-accent-soft')}>
            <div className={cn('min-w-0', step.nested && 'ps-5')}>
              <button type="button" aria-pressed={onSelect ? step.id === selected : undefined} onClick={() => onSelect?.(step.id)} className="text-start font-medium break-words after:absolute after:inset-0 focus-visible:after:rounded-sm">{step.name}</button>
              <p className="font-mono text-xs break-all text-muted">{step.detail}</p>
              {step.note ? <div className="relative text-sm">{step.note}</div> : null}
            </div>
            <div aria-hidden className="relative h-2 rounded-full bg-sunken max-md:order-last max-md:col-span-2">
              {step.from === null ? null : <div className={cn('absolute inset-y-0 rounded-full', bars[step.state] ?? 'bg-line-strong')} style={{ insetInlineStart: `${from}%`, width: `${Math.max(leastShare, Math.min(100 - from, share((step.to ?? now) - step.from)))}%` }} />}
            </div>
            <div className="flex flex-wrap items-center justify-end gap-2 md:w-60">
              {step.attempt > 1 ? <span className="text-xs text-muted tabular-nums">{fill(text.attempts, { n: step.attempt })}</span> : null}
              {step.took ? <span className="text-xs text-muted tabular-nums">{step.took}</span> : null}
              <StepState state={step.state} />
            </div>
          </li>
        );
      })}
    </ol>
  );
};
