import { describe, expect, it } from 'vitest';
import { samplesIn } from './metrics.ts';

describe('a page of metrics', () => {
  it('is read with its labels', () => expect(samplesIn('# TYPE a counter\na_total{provider="x",model="m\\"1\\\\"} 3\nb 0.5 1700000000\n')).toEqual([{ name: 'a_total', labels: { provider: 'x', model: 'm"1\\' }, value: 3 }, { name: 'b', labels: {}, value: 0.5 }]));
  it('loses no sample to what is none', () => expect(samplesIn('\nnonsense\n# HELP x\nc NaN\nd 1').map((one) => one.name)).toEqual(['d']));
});
