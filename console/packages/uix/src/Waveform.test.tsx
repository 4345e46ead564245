import { describe, expect, it } from 'vitest';
import { peaksOf } from './Waveform.tsx';

describe('the peaks of a sound', () => {
  it('are the loudest of each part, louder never than full', () => {
    expect([...peaksOf(new Float32Array([0, 0.5, -1, 0.25, 2, 0]), 3)]).toEqual([0.5, 1, 1]);
  });

  it('leave nothing out, however many parts there are', () => {
    const samples = Float32Array.from({ length: 1_000 }, (_, at) => (at === 777 ? -0.75 : 0));
    for (const parts of [1, 3, 7, 999, 1_000]) expect(Math.max(...peaksOf(samples, parts))).toBe(0.75);
    expect([...peaksOf(new Float32Array(0), 2)]).toEqual([0, 0]);
  });
});
