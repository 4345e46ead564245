/** One place in which two documents differ; `path` is made of names and, where the items of a list have ids, of those. */
export type Change = { path: string; op: 'added' | 'removed' | 'changed'; from?: unknown; to?: unknown };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The list by the ids of its items; null where they have none, or share one. */
const byId = (list: readonly unknown[]): Record<string, unknown> | null => {
  const found = new Map<string, unknown>();
  for (const item of list) {
    if (!isObject(item) || typeof item.id !== 'string' || found.has(item.id)) return null;
    found.set(item.id, item);
  }
  return Object.fromEntries(found);
};

const escape = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** What changed from one document to another. The order of list items that have ids does not count unless it is all that changed. */
export const jsonDiff = (from: unknown, to: unknown, path = ''): Change[] => {
  if (Array.isArray(from) && Array.isArray(to)) {
    const [one, other] = [byId(from), byId(to)];
    if (one && other && (from.length > 0 || to.length > 0)) {
      const inside = jsonDiff(one, other, path);
      const moved = inside.length === 0 && Object.keys(one).join('\n') !== Object.keys(other).join('\n');
      return moved ? [{ path, op: 'changed', from: Object.keys(one), to: Object.keys(other) }] : inside;
    }
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path, op: 'changed', from, to }];
  }
  if (isObject(from) && isObject(to)) {
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) => {
      const below = `${path}/${escape(name)}`;
      if (!Object.hasOwn(from, name)) return [{ path: below, op: 'added' as const, to: to[name] }];
      if (!Object.hasOwn(to, name)) return [{ path: below, op: 'removed' as const, from: from[name] }];
      return jsonDiff(from[name], to[name], below);
    });
  }
  return Object.is(from, to) ? [] : [{ path, op: 'changed', from, to }];
};
