import { describe, expect, it } from 'vitest';
import { filterOf, hasFilter } from './forget.ts';
import { recallBody, tagsOf } from './queries.ts';
import { termsOf } from './terms.ts';

describe('the terms of a score', () => {
  it('add up, largest first, and lose none', () => {
    const found = termsOf({ signals: { form: 0.05, lexical: 0.2, speaker: 0, importance: -0.05 } })!;
    expect(found.terms.map((term) => term.name)).toEqual(['lexical', 'form', 'importance', 'speaker']);
    expect(found.sum).toBeCloseTo(0.2, 12);
    expect(found.terms.reduce((sum, term) => sum + term.part, 0)).toBeCloseTo(1, 12);
  });

  it('are unknown, not zero, where none were given', () => {
    expect(termsOf({ signals: null })).toBeNull();
    expect(termsOf({ signals: {} })).toBeNull();
  });

  it('stand a score of nothing', () => expect(termsOf({ signals: { lexical: 0 } })).toEqual({ terms: [{ name: 'lexical', value: 0, part: 0 }], sum: 0 }));
});

describe('a recall', () => {
  it('leaves open what nobody chose, and always asks why', () => expect(recallBody({ q: 'x' })).toEqual({ query: 'x', namespace: null, kind: null, universe: null, tags: null, as_of: null, limit: null, include_superseded: false, explain: true }));
  it('sends an instant in UTC', () => expect(recallBody({ q: 'x', as_of: '2026-01-02T03:04:05Z' }).as_of).toBe('2026-01-02T03:04:05.000Z'));
  it('reads tags with commas', () => expect([tagsOf(' a, b ,,'), tagsOf(''), tagsOf(undefined)]).toEqual([['a', 'b'], null, null]));
});

describe('forgetting', () => {
  it('names no filter that was left empty, so that nothing is erased by accident', () => {
    expect(hasFilter({ namespace: ' ', tags: ' , ', kind: '' })).toBe(false);
    expect(filterOf({ namespace: ' a ', before: '2026-01-02T00:00:00Z' })).toEqual({ namespace: 'a', kind: null, source: null, tags: null, before: '2026-01-02T00:00:00.000Z', after: null, ids: null, conversation: null });
  });
});
