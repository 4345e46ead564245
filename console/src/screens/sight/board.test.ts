import { describe, expect, it } from 'vitest';
import { ledsOf, shareOver, type Check } from './board.ts';

const check = (name: string, state: Check['state'], required = false): Check => ({ name, state, required, detail: 'd', value: 1, unit: 's', duration_ms: 2 });
const now = { failed: false, ageMs: 100, everyMs: 5_000 };
const states = (probed: typeof now) => ledsOf([check('a', 'ok'), check('b', 'failed'), check('c', 'degraded')], probed).map((led) => `${led.name} ${led.state}`);

describe('the board', () => {
  it('puts first what is bad', () => expect(states(now)).toEqual(['b down', 'c degraded', 'a ok']));
  it('is dark when the last probe got no answer, never green', () => expect(states({ ...now, failed: true })).toEqual(['a unknown', 'b unknown', 'c unknown']));
  it('is dark when the answer is older than two probes', () => {
    expect(states({ ...now, ageMs: 10_000 })).toEqual(['b down', 'c degraded', 'a ok']);
    expect(states({ ...now, ageMs: 10_001 })).toEqual(['a unknown', 'b unknown', 'c unknown']);
  });
  it('keeps no old value beside an unknown', () => expect(ledsOf([check('a', 'ok')], { ...now, failed: true })[0]).toMatchObject({ value: null, detail: null, durationMs: null }));
});

describe('a share over all models', () => {
  const rated = (value: number, of: number) => ({ error_rate: { value, of, low: 0, high: 1 }, refusal_rate: null });
  it('weighs each by its calls', () => expect(shareOver([rated(0.5, 2), rated(0, 8)], 'error_rate')).toBeCloseTo(0.1, 12));
  it('is unknown without a call', () => expect([shareOver([], 'error_rate'), shareOver([rated(0, 3)], 'refusal_rate')]).toEqual([null, null]));
});
