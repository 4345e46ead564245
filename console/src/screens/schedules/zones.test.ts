import { describe, expect, it } from 'vitest';
import { onClock, zones } from './zones.ts';

describe('a time', () => {
  it('is told on the clock of a zone, also across the change to summer', () => {
    expect(onClock('2026-03-29T00:30:00Z', 'en-GB', 'Europe/Madrid')).toMatch(/01:30/);
    expect(onClock('2026-03-29T01:30:00Z', 'en-GB', 'Europe/Madrid')).toMatch(/03:30/);
  });
  it('is unknown on the clock of a zone that the browser does not know', () => expect(onClock('2026-03-29T00:30:00Z', 'en-GB', 'Nowhere/Else')).toBeNull());
});

it('offers UTC once', () => expect(zones().filter((zone) => zone === 'UTC')).toHaveLength(1));
