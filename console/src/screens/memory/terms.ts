import type { Hit } from './queries.ts';

/** The order of the formula in docs/memory.md. */
export const knownTerms = ['lexical', 'semantic', 'neighbours', 'context', 'speaker', 'time', 'form', 'recency', 'importance'] as const;

export type Term = { name: string; value: number; part: number };

/**
 * The addends of a hit's score, largest first; `part` is its share of all of them by size, so that it also works where one is below zero.
 * Null when the server gave none.
 */
export const termsOf = (hit: Pick<Hit, 'signals'>): { terms: readonly Term[]; sum: number } | null => {
  const all = Object.entries(hit.signals ?? {});
  if (all.length === 0) return null;
  const size = all.reduce((sum, [, value]) => sum + Math.abs(value), 0);
  const terms = all.map(([name, value]) => ({ name, value, part: size === 0 ? 0 : Math.abs(value) / size })).sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  return { terms, sum: all.reduce((sum, [, value]) => sum + value, 0) };
};
