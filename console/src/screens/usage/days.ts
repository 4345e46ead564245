import type { Schemas } from '~/api/client.ts';

export type UsageDay = Schemas['UsageView'];
export type Line = { name: string; calls: number; unknown: number; input: number; output: number; cost: number };

const dayMs = 86_400_000;

/** The last UTC days, oldest first, today the last. */
export const lastDays = (count: number, now: Date) => Array.from({ length: count }, (_, index) => new Date(now.getTime() - (count - 1 - index) * dayMs).toISOString().slice(0, 10));

const linesIn = (day: UsageDay): readonly Line[] =>
  day.group_by === 'model'
    ? day.models.map((one) => ({ name: `${one.provider}/${one.model}`, calls: one.calls, unknown: one.unknown_cost_calls, input: one.input_tokens, output: one.output_tokens, cost: one.cost }))
    : day.groups.map((one) => ({ name: one.name, calls: one.calls, unknown: one.unknown_cost_calls, input: one.input_tokens, output: one.output_tokens, cost: one.cost }));

const add = (one: Line, other: Line): Line => ({ name: one.name, calls: one.calls + other.calls, unknown: one.unknown + other.unknown, input: one.input + other.input, output: one.output + other.output, cost: one.cost + other.cost });

const nothing: Line = { name: '', calls: 0, unknown: 0, input: 0, output: 0, cost: 0 };

/** One day, whatever it is grouped by. */
export const totalOf = (day: UsageDay): Line => linesIn(day).reduce(add, nothing);

/** Who used what over all the days, dearest first. */
export const totalsBy = (days: readonly UsageDay[]): readonly Line[] => {
  const lines = new Map<string, Line>();
  for (const line of days.flatMap(linesIn)) lines.set(line.name, lines.has(line.name) ? add(lines.get(line.name)!, line) : line);
  return [...lines.values()].sort((one, other) => other.cost - one.cost || other.calls - one.calls || one.name.localeCompare(other.name));
};

/** A field as RFC 4180 writes it; what a spreadsheet would take for a formula is kept a text. */
const field = (value: string | number | null) => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const csvOf = <Row extends object>(names: readonly (keyof Row & string)[], rows: readonly Row[]) => [names.map(field), ...rows.map((row) => names.map((name) => field(row[name] as string | number | null)))].map((line) => line.join(',')).join('\r\n') + '\r\n';
