import { BarChart as Bars, CustomChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { usePalette, type Palette } from './roles.ts';

use([Bars, CustomChart, AriaComponent, GridComponent, TooltipComponent, CanvasRenderer]);

export type ChartOption = (palette: Palette) => EChartsCoreOption;

/** Any chart of bars and marks, drawn on a canvas. `text` is the same for whoever does not see it. */
export const BarChart = ({ option, text, height }: { option: ChartOption; text: string; height: number }) => {
  const place = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  useEffect(() => {
    const box = place.current!;
    const chart = init(box, null, { renderer: 'canvas' });
    chart.setOption({ animation: false, textStyle: { fontFamily: 'Inter Variable, sans-serif' }, ...option(palette) });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(box);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [option, palette]);
  return <div role="img" aria-label={text}><div ref={place} style={{ height }} /></div>;
};
