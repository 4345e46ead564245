import { beforeEach, describe, expect, it } from 'vitest';
import { aheadMs, hearServerTime, serverNow } from './clock.ts';

const noon = Date.parse('2026-01-01T12:00:00Z');
const header = new Date(noon).toUTCString();
const hour = 3_600_000;

describe('the clock', () => {
  beforeEach(() => hearServerTime(header, noon, noon));

  it('of a device that is right is its own', () => {
    hearServerTime(header, noon - 300, noon + 1_500);
    expect(aheadMs()).toBe(0);
    expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50);
  });

  it.each([hour, -hour])('of a device that is %d ms off is the server’s', (off) => {
    hearServerTime(header, noon + off, noon + off + 1_000);
    expect(aheadMs()).toBe(off);
    expect(Math.abs(Date.now() - off - serverNow())).toBeLessThan(50);
  });

  it('is not moved by a slow answer, by seconds that tremble or by no header', () => {
    hearServerTime(header, noon - 20_000, noon + 1_000);
    expect(aheadMs()).toBe(0);
    hearServerTime(header, noon + hour, noon + hour);
    const first = aheadMs();
    hearServerTime(header, noon + hour + 900, noon + hour + 900);
    hearServerTime(null, 0, 0);
    hearServerTime('no date', 0, 0);
    expect(aheadMs()).toBe(first);
  });

  it('is right again when the device is', () => {
    hearServerTime(header, noon + hour, noon + hour);
    hearServerTime(header, noon, noon);
    expect(aheadMs()).toBe(0);
  });
});
