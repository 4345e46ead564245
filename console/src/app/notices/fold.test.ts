import { describe, expect, it } from 'vitest';
import { blocks, cursorAfter, isMuted, isSystem, placeOf, snoozeUntil, waitMs, withFrame, type Frame, type Mute, type Notice } from './fold.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const at = new Date(now).toISOString();
const notice = (change: Partial<Notice> = {}): Notice => ({
  id: 'a', sequence: 1, kind: 'alert', severity: 'warning', title: 'T', body: '', link: null, channel: null, group: 'g', source: 'somastack.billing.cost_anomaly.v1', subject: null, untrusted: false, metadata: {}, requires_ack: false, count: 1,
  created_at: at, last_at: at, expires_at: null, resolved_at: null, resolution: null, acknowledged_by: null, read: false, acknowledged: false, snoozed_until: null, muted: false, attention: false, ...change,
});
const told = (change: Partial<Notice>): Frame => ({ type: 'notification', cursor: change.sequence ?? 1, data: notice(change) });
const update = (change: object): Frame => ({ type: 'update', data: { id: 'a', sequence: 1, count: 1, last_at: at, resolved_at: null, resolution: null, acknowledged_by: null, read: null, acknowledged: null, snoozed_until: null, attention: null, ...change } });

describe('the list after a frame', () => {
  it('holds each notification once, the highest sequence first, and no more than it may', () => {
    const list = [told({ id: 'a', sequence: 1 }), told({ id: 'b', sequence: 2 }), told({ id: 'a', sequence: 3, count: 2 })].reduce<readonly Notice[]>((old, frame) => withFrame(old, frame, [], 2, now), []);
    expect(list.map((one) => [one.id, one.sequence, one.count])).toEqual([['a', 3, 2], ['b', 2, 1]]);
    expect(withFrame(list, told({ id: 'c', sequence: 9 }), [], 2, now).map((one) => one.id)).toEqual(['c', 'a']);
  });

  it('keeps what this person did when the update is about everybody', () => {
    const [one] = withFrame([notice({ read: true, attention: true, snoozed_until: at })], update({ count: 4 }), [], 9, now);
    expect(one).toMatchObject({ read: true, attention: true, snoozed_until: at, count: 4 });
  });

  it('takes what this person did elsewhere, and the attention from what is over', () => {
    expect(withFrame([notice({ snoozed_until: at, attention: true })], update({ read: true, acknowledged: true, attention: false }), [], 9, now)[0]).toMatchObject({ read: true, acknowledged: true, attention: false, snoozed_until: null });
    expect(withFrame([notice({ attention: true })], update({ resolved_at: at, resolution: 'approved' }), [], 9, now)[0]).toMatchObject({ attention: false, resolution: 'approved' });
  });

  it('marks what is muted, while the mute lasts', () => {
    const mute = (until: string | null): Mute => ({ scope: 'group', value: 'g', until, created_at: at });
    expect(withFrame([], told({}), [mute(null)], 9, now)[0]!.muted).toBe(true);
    expect(isMuted(notice(), [mute(at)], now)).toBe(false);
    expect(isMuted(notice({ group: null }), [mute(null)], now)).toBe(false);
  });
});

it('resumes from the highest cursor that was seen', () => {
  expect([told({ sequence: 7 }), told({ sequence: 5 }), update({})].reduce<number | null>(cursorAfter, null)).toBe(7);
});

it('waits longer with every try, with chance in it, and never longer than half a minute', () => {
  expect(waitMs(0, 0)).toBeLessThan(waitMs(3, 0));
  expect(waitMs(500, 1)).toBe(30_000);
  expect(waitMs(2, 0)).not.toBe(waitMs(2, 1));
});

it.each([
  ['everything was stopped', { severity: 'critical', attention: true }, true],
  ['the answer to one’s own request', { group: 'approvals/mine', metadata: { decision: 'reject' } }, true],
  ['an error of somebody else', { severity: 'error', attention: true }, false],
  ['what came long ago', { severity: 'critical', attention: true, last_at: new Date(now - 3_600_000).toISOString() }, false],
])('interrupts for %s: %s %s', (_, change, expected) => expect(blocks(notice(change), now)).toBe(expected));

it('leads to screens that are there, to https, and nowhere else', () => {
  const isScreen = (path: string) => path === '/audit';
  expect(placeOf('/approvals/0199-ab', isScreen)).toEqual({ to: '/inbox', search: { state: 'all', id: '0199-ab' } });
  expect(placeOf('/audit', isScreen)).toEqual({ to: '/audit' });
  expect(placeOf('https://example.com/x', isScreen)).toEqual({ href: 'https://example.com/x' });
  for (const link of ['/users', 'javascript:alert(1)', 'http://example.com', '//example.com', null]) expect(placeOf(link, isScreen)).toBeNull();
});

it('snoozes to the next morning and the next Monday, from any day', () => {
  for (let day = 1; day <= 14; day++) {
    const from = new Date(2026, 5, day, 10, 30);
    const monday = snoozeUntil('monday', from);
    expect([monday.getDay(), monday.getHours()]).toEqual([1, 9]);
    expect(monday.getTime() - from.getTime()).toBeGreaterThan(0);
    expect(monday.getTime() - from.getTime()).toBeLessThan(7.1 * 86_400_000);
    expect(snoozeUntil('tomorrow', from).getDate()).toBe(day + 1);
  }
});

it('tells the systems from those who ask', () => {
  expect([notice(), notice({ source: 'api' }), notice({ kind: 'review' }), notice({ source: 'somastack.approvals.decided.v1' })].map(isSystem)).toEqual([true, false, false, false]);
});
