import { termNames, type Score } from './queries.ts';

export const scoreId = (score: Pick<Score, 'task' | 'model'>) => `${score.task}/${score.model}`;

/** What each known term adds to the score. Weights are those in force, already scaled where a term is unknown, so the parts add up to it. */
export const partsOf = (score: Score) => termNames.map((name) => {
  const term = score[name];
  const isKnown = term !== null && !(score.unknown ?? []).includes(name);
  return { name, term: isKnown ? term : null, part: isKnown ? term.value * term.weight : null };
});

/** Scores by task, each best first, as the server ranks them; the choices that a filter offers. */
export const choicesOf = (scores: readonly Score[], name: 'task' | 'model') => [...new Set(scores.map((score) => score[name]))].sort();
