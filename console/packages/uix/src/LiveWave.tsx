import { useEffect, useRef } from 'react';
import { cn } from './cn.ts';

const barPx = 2;
const gapPx = 1;
const barEveryMs = 50;

/** Loudness of the last seconds as it comes, newest at the end. With reduced motion it is not there: the meter beside it tells the same. */
export const LiveWave = ({ level, active = true, className }: { level: () => number; active?: boolean; className?: string }) => {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext('2d');
    if (!element || !pen || !active || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const levels: number[] = [];
    const timer = setInterval(() => {
      const { clientWidth: width, clientHeight: height } = element;
      const scale = devicePixelRatio;
      if (element.width !== width * scale) element.width = width * scale;
      if (element.height !== height * scale) element.height = height * scale;
      levels.push(Math.max(0, Math.min(1, level())));
      const room = Math.floor(width / (barPx + gapPx));
      levels.splice(0, Math.max(0, levels.length - room));
      pen.setTransform(scale, 0, 0, scale, 0, 0);
      pen.clearRect(0, 0, width, height);
      pen.fillStyle = getComputedStyle(element).color;
      const mirrored = getComputedStyle(element).direction === 'rtl';
      levels.forEach((one, index) => {
        const tall = Math.max(barPx, one * height);
        const x = width - (levels.length - index) * (barPx + gapPx);
        pen.fillRect(mirrored ? width - x - barPx : x, (height - tall) / 2, barPx, tall);
      });
    }, barEveryMs);
    return () => clearInterval(timer);
  }, [level, active]);
  return <canvas ref={canvas} aria-hidden className={cn('h-8 w-full text-accent motion-reduce:hidden', className)} />;
};
