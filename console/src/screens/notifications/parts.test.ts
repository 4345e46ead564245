import { expect, it } from 'vitest';
import type { Notice } from '~/app/notices/fold.ts';
import { arranged, dayName, headingOf } from './arrange.ts';
import { draftOf, preferencesOf, quietFault } from './draft.ts';

const one = (id: string, last_at: Date, source: string) => ({ id, last_at: last_at.toISOString(), source }) as Notice;
const noon = (day: number) => new Date(2026, 2, day, 12);

it('puts the newest day first, and within a day what one room told together', () => {
  const rows = arranged([one('1', noon(9), 'api'), one('2', noon(9), 'somastack.billing.a.v1'), one('3', noon(9), 'api'), one('4', noon(10), 'api')]);
  expect(rows.map((row) => row.id)).toEqual(['4', '1', '3', '2']);
  const heads = rows.map((row, index) => headingOf(row, rows[index - 1], 'en', noon(10), (room) => room));
  expect(heads).toEqual(['Today · api', 'Yesterday · api', null, 'Yesterday · billing']);
});

it('names a day before yesterday by its date', () => expect(dayName(noon(1).toISOString(), 'en', noon(10))).toContain('March 1, 2026'));

it('shows a channel that is left out as off, and gives back what it was given', () => {
  const draft = draftOf({ channels: [{ channel: 'in_app', enabled: true, severity_threshold: 'info' }], quiet_hours: null, digest: null }, 'Europe/Zurich');
  expect(Object.entries(draft.channels).filter(([, channel]) => channel.enabled).map(([name]) => name)).toEqual(['in_app']);
  expect(preferencesOf(draft)).toMatchObject({ quiet_hours: null, digest: null });
  const full = { channels: [{ channel: 'email', enabled: true, severity_threshold: 'error' }], quiet_hours: { start: '22:00', end: '07:00', time_zone: 'America/Lima', critical_pierces: false }, digest: { at: '06:30', time_zone: 'UTC', below: 'warning' } };
  expect(preferencesOf(draftOf(full, 'Europe/Zurich'))).toMatchObject({ quiet_hours: full.quiet_hours, digest: full.digest });
  expect(preferencesOf(draftOf(full, 'Europe/Zurich')).channels).toContainEqual(full.channels[0]);
});

it('wants quiet hours that last', () => {
  const draft = draftOf({ channels: [], quiet_hours: { start: '22:00', end: '22:00', time_zone: 'UTC', critical_pierces: true } }, 'UTC');
  expect(quietFault(draft)).toBe(true);
  expect(quietFault({ ...draft, quiet: { ...draft.quiet, on: false } })).toBe(false);
});
