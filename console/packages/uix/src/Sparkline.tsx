import { cn } from './cn.ts';

const width = 120;
const height = 28;

/** A line without axes. A missing point is a gap, never a zero. */
export const Sparkline = ({ points, className }: { points: readonly (number | null)[]; className?: string }) => {
  const known = points.filter((point): point is number => point !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const step = width / (points.length - 1);
  let pen = 'M';
  const path = points
    .map((point, index) => {
      if (point === null) {
        pen = 'M';
        return '';
      }
      const part = `${pen}${(index * step).toFixed(1)} ${(height - 2 - ((point - low) / span) * (height - 4)).toFixed(1)}`;
      pen = 'L';
      return part;
    })
    .join(' ');
  return (
    <svg aria-hidden viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" className={cn('w-full text-accent', className)}>
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
    </svg>
  );
};
