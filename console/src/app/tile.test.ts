import { describe, expect, it } from 'vitest';
import { ProblemError } from '~/api/problem.ts';
import { tileOf } from './tile.ts';

const read = { data: { n: 3 as number | null }, dataUpdatedAt: 1_000, isRefetchError: false, error: null };
const tile = (change: object) => tileOf({ ...read, ...change } as typeof read, (data) => (data.n === null ? null : String(data.n)), 'nobody knows', 'not read again');
const refusal = new ProblemError({ type: '', title: '', status: 403, detail: 'You may not.', code: 'capability_missing', remedy: '', trace_id: '' }, 'billing:read', null);

describe('a tile', () => {
  it('shows what was read, and when', () => expect(tile({})).toEqual({ kind: 'ok', value: '3', at: new Date(1_000) }));
  it('is unknown where the server does not know, never zero', () => expect(tile({ data: { n: null } })).toEqual({ kind: 'unknown', reason: 'nobody knows' }));
  it('says that it is old when the last reading failed', () => expect(tile({ isRefetchError: true, error: new Error('x') })).toMatchObject({ kind: 'stale', value: '3', reason: 'not read again' }));
  it('is unknown to whoever may not know', () => expect(tile({ data: undefined, error: refusal })).toEqual({ kind: 'unknown', reason: 'You may not.' }));
  it('tells an error as one', () => expect(tile({ data: undefined, error: new Error('broken') })).toEqual({ kind: 'error', reason: 'broken' }));
});
