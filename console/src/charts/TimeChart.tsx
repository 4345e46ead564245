import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { usePalette, type Palette } from './roles.ts';

export type TimeSeries = { label: string; role: keyof Palette; values: readonly (number | null)[]; dashed?: boolean; show: (value: number) => string };

const height = 180;
const dash = [4, 4];

/** Values over days. A value that nobody knows is a gap. `text` is the same for whoever does not see it. */
export const TimeChart = ({ days, series, lang, text }: { days: readonly string[]; series: readonly TimeSeries[]; lang: string; text: string }) => {
  const place = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => {
    const box = place.current!;
    const day = new Intl.DateTimeFormat(lang, { day: 'numeric', month: 'short', timeZone: 'UTC' });
    const axis = { stroke: palette.muted, grid: { stroke: palette.line, width: 1 }, ticks: { show: false }, font: '11px Inter Variable, sans-serif' };
    const chart = new uPlot(
      {
        width: box.clientWidth, height, cursor: { points: { size: 7 } }, legend: { show: false }, hooks: { setCursor: [(plot) => setPointed(plot.cursor.idx ?? null)] },
        scales: { x: { time: true } },
        axes: [
          { ...axis, size: 28, grid: { show: false }, values: (_, splits) => splits.map((at) => day.format(at * 1000)), incrs: [86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400] },
          { ...axis, size: 72, values: (_, splits) => splits.map((value) => (series[0] ? series[0].show(value) : '')) },
        ],
        series: [
          { label: '', value: (_, at) => (at === null ? '—' : day.format(at * 1000)) },
          ...series.map((one) => ({ label: one.label, stroke: palette[one.role], width: 1.75, dash: one.dashed ? dash : undefined, points: { show: true, size: 5, fill: palette.surface }, value: (_: uPlot, value: number | null) => (value === null ? '—' : one.show(value)) })),
        ],
      },
      [days.map((one) => Date.parse(`${one}T00:00:00Z`) / 1000), ...series.map((one) => [...one.values])] as uPlot.AlignedData,
      box,
    );
    const watch = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [days, series, lang, palette]);
  const at = pointed !== null && pointed < days.length ? pointed : days.length - 1;
  const day = days[at];
  return (
    <div role="img" aria-label={text} className="min-w-0">
      <p className="text-end text-sm text-muted tabular-nums">{day ? [new Intl.DateTimeFormat(lang, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(day)), ...series.map((one) => `${one.label} ${one.values[at] == null ? '—' : one.show(one.values[at])}`)].join(' · ') : null}</p>
      <div ref={place} />
    </div>
  );
};
