/** Things by what they have in common, in the order of their first. `Map.groupBy` is newer than the browsers that are served. */
export const grouped = <T, K>(all: readonly T[], by: (one: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(by(one));
    if (group) group.push(one);
    else groups.set(by(one), [one]);
  }
  return groups;
};
