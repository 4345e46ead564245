import type { KpiState } from '@somastack/uix';
import type { UseQueryResult } from '@tanstack/react-query';
import { isForbidden } from './queries.ts';

/** A tile for what no route of this server tells yet. */
export const untold = (reason: string): KpiState => ({ kind: 'unknown', reason });

/** What a tile shows of a query: its value with the time it was read, or why there is none. `value` gives a text, or null when unknown. */
export const tileOf = <T>(query: Pick<UseQueryResult<T>, 'data' | 'dataUpdatedAt' | 'isRefetchError' | 'error'>, value: (data: T) => string | null, none: string, failed: string, points?: (data: T) => readonly (number | null)[]): KpiState => {
  if (query.data !== undefined) {
    const text = value(query.data);
    if (text === null) return untold(none);
    const at = new Date(query.dataUpdatedAt);
    const shown = points ? { points: points(query.data) } : {};
    return query.isRefetchError ? { kind: 'stale', value: text, at, reason: failed, ...shown } : { kind: 'ok', value: text, at, ...shown };
  }
  if (query.error) return { kind: isForbidden(query.error) ? 'unknown' : 'error', reason: query.error.message };
  return { kind: 'loading' };
};
