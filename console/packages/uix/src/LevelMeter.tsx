import { useEffect, useRef } from 'react';
import { cn } from './cn.ts';

const lookMs = 100;
/** A loud voice that is not cut off stays below it. */
const loud = 0.9;

/**
 * How loud it is now, read ten times a second from `level` (0 to 1) and never through React. The bar is for the eye; whoever does not see it asks
 * for the meter's value.
 */
export const LevelMeter = ({ level, label, active = true, className }: { level: () => number; label: string; active?: boolean; className?: string }) => {
  const bar = useRef<HTMLDivElement>(null);
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const show = () => {
      const now = active ? Math.max(0, Math.min(1, level())) : 0;
      meter.current?.setAttribute('aria-valuenow', String(Math.round(now * 100)));
      if (!bar.current) return;
      bar.current.style.inlineSize = `${now * 100}%`;
      bar.current.dataset.loud = String(now > loud);
    };
    show();
    const timer = setInterval(show, lookMs);
    return () => clearInterval(timer);
  }, [level, active]);
  return (
    <div ref={meter} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0} className={cn('h-1.5 overflow-hidden rounded-full bg-hover', className)}>
      <div ref={bar} className="h-full bg-accent transition-[inline-size] duration-100 ease-linear data-[loud=true]:bg-warn motion-reduce:transition-none" />
    </div>
  );
};
