import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { patiently } from './patiently.ts';

describe('a part that cannot be loaded', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const failing = (times: number) => {
    let asked = 0;
    return () => (asked++ < times ? Promise.reject(new TypeError('Failed to fetch')) : Promise.resolve(asked));
  };

  it('comes when its server is back', async () => {
    const loaded = patiently(failing(3));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await loaded).toBe(4);
  });

  it('is given up in the end', async () => {
    const given = expect(patiently(failing(Number.POSITIVE_INFINITY))).rejects.toThrow('Failed to fetch');
    await vi.advanceTimersByTimeAsync(60_000);
    await given;
  });
});
