import { describe, expect, it } from 'vitest';
import { partsOf } from './parts.ts';
import type { Score } from './queries.ts';

const term = (value: number, weight: number) => ({ value, weight, low: 0, high: 1 });

describe('the terms of a score', () => {
  it('add up to it', () => {
    const parts = partsOf({ quality: term(0.5, 0.3), cost: term(1, 0.3), latency: term(0.8, 0.3), reliability: term(1, 0.1), unknown: [] as string[] } as Score);
    expect(parts.reduce((sum, one) => sum + one.part!, 0)).toBeCloseTo(0.15 + 0.3 + 0.24 + 0.1, 12);
  });
  it('that are unknown add nothing and show nothing', () => expect(partsOf({ quality: null, cost: term(0, 0), latency: term(0.8, 0.5), reliability: term(1, 0.5), unknown: ['quality', 'cost'] } as unknown as Score).map((one) => one.part)).toEqual([null, null, 0.4, 0.5]));
});
