/** A conversation is a tree: a turn names the turn it follows, and turns that follow the same one are siblings. Turns come in the order of time. */
export type Linked = { turn_id: string; parent_turn?: string | null };
export type OnBranch<T> = { turn: T; siblings: readonly T[] };

/** What `parent_turn` of a message says that follows no turn. */
export const noTurn = 'root';

/** The newest turn that follows a turn, directly or not; itself when none does. */
const newestBelow = <T extends Linked>(turns: readonly T[], top: T): T => {
  const below = new Set([top.turn_id]);
  let newest = top;
  for (const turn of turns) {
    if (!turn.parent_turn || !below.has(turn.parent_turn)) continue;
    below.add(turn.turn_id);
    newest = turn;
  }
  return newest;
};

/** From the first turn through the wanted one to the newest that follows it; without a wanted one, to the newest of all. */
export const branchThrough = <T extends Linked>(turns: readonly T[], wanted?: string): readonly OnBranch<T>[] => {
  const byId = new Map(turns.map((turn) => [turn.turn_id, turn]));
  const parentOf = (turn: T) => (turn.parent_turn ? byId.get(turn.parent_turn) : undefined);
  const children = new Map<T | undefined, T[]>();
  for (const turn of turns) {
    const among = children.get(parentOf(turn));
    if (among) among.push(turn);
    else children.set(parentOf(turn), [turn]);
  }
  const through = wanted === undefined ? undefined : byId.get(wanted);
  const branch: OnBranch<T>[] = [];
  for (let turn = through ? newestBelow(turns, through) : turns.at(-1); turn; turn = parentOf(turn)) {
    branch.push({ turn, siblings: children.get(parentOf(turn))! });
  }
  return branch.reverse();
};
