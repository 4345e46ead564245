import { termNames, type Score } from './queries.ts';

export const scoreId = (score: Pick<Score, 'task' | 'model'>) => `${score.task}/${score.model}`;

export type Part = { name: (typeof termNames)[number]; value: number | null; low: number | null; high: number | null; weight: number; part: number | null };

/** What each known term adds to the score. Weights are those in force, already scaled where a term is unknown, so the parts add up to it. */
export const partsOf = (score: Score): Part[] => termNames.map((name) => {
  const term = (score.unknown ?? []).includes(name) ? null : score[name];
  const value = term?.value ?? null;
  const weight = term?.weight ?? 0;
  return { name, value, low: term?.low ?? null, high: term?.high ?? null, weight, part: value === null ? null : value * weight };
});

/** Scores by task, each best first, as the server ranks them; the choices that a filter offers. */
export const choicesOf = (scores: readonly Score[], name: 'task' | 'model') => [...new Set(scores.map((score) => score[name]))].sort();
