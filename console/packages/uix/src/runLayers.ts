export type Placed = { id: string; column: number; row: number };

/** Each node in the column after its latest predecessor, in the order given. What names nobody, or itself in a circle, begins at once. */
export const layersOf = (nodes: readonly { id: string; after: readonly string[] }[]): Placed[] => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const columns = new Map<string, number>();
  const open = new Set<string>();
  const columnOf = (id: string): number => {
    const known = columns.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return -1;
    open.add(id);
    const column = Math.max(-1, ...byId.get(id)!.after.filter((one) => byId.has(one)).map(columnOf)) + 1;
    open.delete(id);
    columns.set(id, column);
    return column;
  };
  const filled = new Map<number, number>();
  return nodes.map(({ id }) => {
    const column = columnOf(id);
    const row = filled.get(column) ?? 0;
    filled.set(column, row + 1);
    return { id, column, row };
  });
};
