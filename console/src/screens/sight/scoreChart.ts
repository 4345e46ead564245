import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts';
import type { ChartOption } from '~/charts/BarChart.tsx';
import type { Score } from '../benchmarks/queries.ts';

const whisker = 5;

/** Bars of scores from 0 to 1 with their intervals as whiskers, a group for each task. */
export const scoreOption = (scores: readonly Pick<Score, 'model' | 'task' | 'score' | 'interval'>[]): ChartOption => (palette) => {
  const names = scores.map((one) => `${one.model} · ${one.task}`);
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 8, containLabel: true },
    tooltip: { renderMode: 'richText', trigger: 'axis', axisPointer: { type: 'none' }, backgroundColor: palette.surface, borderColor: palette.line, textStyle: { color: palette.text, fontSize: 12 } },
    xAxis: { type: 'value', min: 0, max: 1, axisLabel: { color: palette.muted, fontSize: 11 }, splitLine: { lineStyle: { color: palette.line } } },
    yAxis: { type: 'category', inverse: true, data: names, axisLabel: { color: palette.text, fontSize: 12 }, axisTick: { show: false }, axisLine: { lineStyle: { color: palette.line } } },
    series: [
      { type: 'bar', data: scores.map((one) => Number(one.score.toFixed(3))), barMaxWidth: 14, itemStyle: { color: palette.accent, opacity: 0.75, borderRadius: 3 } },
      {
        type: 'custom', silent: true, tooltip: { show: false }, z: 5, data: scores.map((one, index) => [one.interval.low, one.interval.high, index]), encode: { x: [0, 1], y: 2 },
        renderItem: (_: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
          const [low, y] = api.coord([api.value(0), api.value(2)]) as [number, number];
          const [high] = api.coord([api.value(1), api.value(2)]) as [number, number];
          const style = { stroke: palette.text, lineWidth: 1.25 };
          const line = (x1: number, y1: number, x2: number, y2: number) => ({ type: 'line' as const, shape: { x1, y1, x2, y2 }, style });
          return { type: 'group', children: [line(low, y, high, y), line(low, y - whisker, low, y + whisker), line(high, y - whisker, high, y + whisker)] };
        },
      },
    ],
  };
};
