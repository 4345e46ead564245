import { describe, expect, it } from 'vitest';
import { jsonDiff } from './jsonDiff.ts';

describe('what two documents differ in', () => {
  it('is nothing for the same values in another order of names', () => expect(jsonDiff({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toEqual([]));

  it('names the place, and the item of a list by its id', () =>
    expect(jsonDiff({ rules: [{ id: 'a', effect: 'deny' }, { id: 'b', effect: 'deny' }] }, { rules: [{ id: 'b', effect: 'allow' }, { id: 'c' }] })).toEqual([
      { path: '/rules/a', op: 'removed', from: { id: 'a', effect: 'deny' } },
      { path: '/rules/b/effect', op: 'changed', from: 'deny', to: 'allow' },
      { path: '/rules/c', op: 'added', to: { id: 'c' } },
    ]));

  it('shows an order that changed alone', () => expect(jsonDiff([{ id: 'a' }, { id: 'b' }], [{ id: 'b' }, { id: 'a' }])).toEqual([{ path: '', op: 'changed', from: ['a', 'b'], to: ['b', 'a'] }]));

  it('takes a list with a doubled id as a whole', () => expect(jsonDiff({ x: [{ id: 'a' }, { id: 'a' }] }, { x: [{ id: 'a' }] })).toHaveLength(1));

  it('tells null, absence and a name with a slash apart', () =>
    expect(jsonDiff({ 'a/b': null, c: 1 }, { 'a/b': 0 })).toEqual([{ path: '/a~1b', op: 'changed', from: null, to: 0 }, { path: '/c', op: 'removed', from: 1 }]));
});
