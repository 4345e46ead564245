export type Asked = { turn_id: string; prompt: string };

/** The same question asked again, right after each other, is one question with several answers. */
export const groupSiblings = <T extends Asked>(turns: readonly T[]): readonly (readonly T[])[] => {
  const groups: T[][] = [];
  for (const turn of turns) {
    const last = groups.at(-1);
    if (last && last[0]!.prompt === turn.prompt) last.push(turn);
    else groups.push([turn]);
  }
  return groups;
};
