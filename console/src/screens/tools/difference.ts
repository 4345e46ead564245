export type Widening = { what: string; change: string; name: string; from: string | null; to: string | null; widens: boolean };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown) => (value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value));

/** What a request to let a version in says that it may do more or less than the one in force; what widens comes first. Null when it is about another version. */
export const differenceOf = (args: unknown, version: string): readonly Widening[] | null => {
  if (!isObject(args) || args.version !== version || !Array.isArray(args.changes)) return null;
  return args.changes
    .filter(isObject)
    .map((one) => ({ what: String(one.what), change: String(one.change), name: String(one.name), from: textOf(one.from), to: textOf(one.to), widens: one.widens === true }))
    .sort((one, other) => Number(other.widens) - Number(one.widens));
};
