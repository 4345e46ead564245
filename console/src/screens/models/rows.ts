import { grouped } from '~/app/grouped.ts';
import type { LedState } from '@somastack/uix';
import type { ListedModel, Price, Telemetry } from './queries.ts';

/** The share of failed calls at which the server's own circuit opens. */
const downShare = 0.5;

export type ModelRow = { id: string; provider: string; model: string; listed: boolean; context: number | null; measured: Telemetry | null };

/** Every model that is listed or was called, by provider; one that is gone keeps its measurements. */
export const rowsOf = (listed: readonly ListedModel[], measured: readonly Telemetry[]): readonly ModelRow[] => {
  const key = (provider: string, model: string) => `${provider}/${model}`;
  const rows = new Map<string, ModelRow>(listed.map((one) => [key(one.provider, one.id), { id: key(one.provider, one.id), provider: one.provider, model: one.id, listed: true, context: one.context_tokens, measured: null }]));
  for (const one of measured) {
    const id = key(one.provider, one.model);
    rows.set(id, { ...(rows.get(id) ?? { id, provider: one.provider, model: one.model, listed: false, context: null }), measured: one });
  }
  return [...rows.values()].sort((one, other) => one.provider.localeCompare(other.provider) || one.model.localeCompare(other.model));
};

/** How a model stands, by what its calls showed; one that nobody called is unknown, not well. */
export const healthOf = (row: Pick<ModelRow, 'listed' | 'measured'>): LedState => {
  const errors = row.measured?.error_rate?.value;
  if (!row.listed || errors === undefined) return 'unknown';
  return errors >= downShare ? 'down' : errors > 0 ? 'degraded' : 'ok';
};

export type Priced = { id: string; provider: string; model: string; now: Price | null; rows: readonly Price[] };

/** Rows by model, newest first; the one in force is the newest whose day has come. Rows are never changed, so the rest is history or future. */
export const pricedOf = (prices: readonly Price[], at: Date): readonly Priced[] => {
  const models = grouped(prices, (row) => `${row.provider}/${row.model}`);
  return [...models].map(([id, rows]) => {
    const inTime = [...rows].sort((one, other) => Date.parse(other.valid_from) - Date.parse(one.valid_from));
    return { id, provider: rows[0]!.provider, model: rows[0]!.model, now: inTime.find((row) => Date.parse(row.valid_from) <= at.getTime()) ?? null, rows: inTime };
  });
};
