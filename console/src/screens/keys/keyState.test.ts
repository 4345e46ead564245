import { expect, it } from 'vitest';
import { endOf, keyStateOf } from './keyState.ts';

const now = Date.parse('2026-11-28T12:00:00Z');

it.each([
  [null, null, 'active'],
  [null, '2026-11-28T12:00:01Z', 'active'],
  [null, '2026-11-28T12:00:00Z', 'expired'],
  ['2026-11-27T00:00:00Z', '2026-11-27T00:00:00Z', 'revoked'],
])('a key that was revoked at %s and ends at %s is %s', (revoked_at, expires_at, state) => expect(keyStateOf({ revoked_at, expires_at }, now)).toBe(state));

it('ends so many days from now, or never', () => expect([endOf(2, now), endOf(null, now)]).toEqual(['2026-11-30T12:00:00.000Z', null]));
