import { infiniteQueryOptions, queryOptions, useQueries } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';
import { serverNow } from '~/app/clock.ts';
import { lastDays, type UsageDay } from './days.ts';

export type Entry = Schemas['LedgerEntryView'];
export type Limit = Schemas['LimitView'];
export type Anomaly = Schemas['AnomalyView'];

const pageSize = 200;
const liveMs = 10_000;
const pastMs = 600_000;

/** A day's use. Only today still grows; a settlement may still come for yesterday, so past days are read again now and then. */
const dayQuery = (day: string, by: string, isToday: boolean) => queryOptions({ queryKey: ['usage', 'day', by, day], queryFn: () => bodyOf(api.GET('/v1/billing/usage', { params: { query: { day, group_by: by } } })), ...(isToday ? { refetchInterval: liveMs } : { staleTime: pastMs, refetchOnWindowFocus: false }) });

export type Days = { days: readonly string[]; read: readonly (UsageDay | undefined)[]; today: UsageDay | undefined; at: number; isRefetchError: boolean; error: Error | null; refetch: () => void };

/** The last days, each by its own call. A day that was not read is unknown, not zero. */
export const useDays = (count: number, by: string, enabled = true): Days => {
  const days = lastDays(count, new Date(serverNow()));
  return useQueries({
    queries: days.map((day, index) => ({ ...dayQuery(day, by, index === days.length - 1), enabled })),
    combine: (all) => ({
      days, read: all.map((one) => one.data), today: all.at(-1)?.data, at: all.at(-1)?.dataUpdatedAt ?? 0, isRefetchError: all.at(-1)?.isRefetchError ?? false, error: all.find((one) => one.error)?.error ?? null,
      refetch: () => { for (const one of all) void one.refetch(); },
    }),
  });
};

export const limitsQuery = queryOptions({
  queryKey: ['usage', 'limits'],
  queryFn: async () => {
    const rows: Limit[] = [];
    let cursor: string | undefined;
    do {
      const page = await bodyOf(api.GET('/v1/billing/limits', { params: { query: { limit: pageSize, cursor } } }));
      rows.push(...page.data);
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    return rows;
  },
  refetchInterval: liveMs,
});
export const forecastQuery = queryOptions({ queryKey: ['usage', 'forecast'], queryFn: () => bodyOf(api.GET('/v1/billing/forecast')), staleTime: 60_000 });
export const ledgerQuery = infiniteQueryOptions({
  queryKey: ['usage', 'ledger'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/billing/ledger', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});
export const anomaliesQuery = infiniteQueryOptions({
  queryKey: ['usage', 'anomalies'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/billing/anomalies', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: liveMs,
});
