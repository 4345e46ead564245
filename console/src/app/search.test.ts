import { describe, expect, it } from 'vitest';
import { flag, oneOf, search, text, whole } from './search.ts';

const read = search({ state: oneOf(['open', 'all']), q: text, position: whole });

describe('the filters in an address', () => {
  it('are read as they are', () => expect(read({ state: 'all', q: 'x', position: 7 })).toEqual({ state: 'all', q: 'x', position: 7 }));

  it.each([{ state: 'none' }, { q: '' }, { q: 'x'.repeat(501) }, { position: 1.5 }, { position: 'x' }, { position: Number.MAX_VALUE }, { other: 1 }, { state: ['open'] }, { q: { a: 1 } }])('that make no sense are left out: %j', (raw) => expect(read(raw as Record<string, unknown>)).toEqual({}));

  it('keep a text that looks like a number', () => expect(read({ q: 42 })).toEqual({ q: '42' }));

  it.each(['', true, 1])('know a flag by its name alone: %j', (value) => expect(search({ kiosk: flag })({ kiosk: value })).toEqual({ kiosk: true }));
  it.each([false, 0, 'no'])('leave out a flag that is off: %j', (value) => expect(search({ kiosk: flag })({ kiosk: value })).toEqual({}));
});
