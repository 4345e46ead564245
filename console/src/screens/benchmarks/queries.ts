import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

export const termNames = ['quality', 'cost', 'latency', 'reliability'] as const;

export type Score = Schemas['ScoreView'];
export type Run = Schemas['RunView'];
export type Suggestion = Schemas['PromotionView'];

const pageSize = 100;
const liveMs = 5_000;
const slowMs = 30_000;

export const scoresQuery = (filter: { task?: string; model?: string; window_days?: number }) =>
  queryOptions({ queryKey: ['benchmarks', 'scores', filter], queryFn: () => bodyOf(api.GET('/v1/scores', { params: { query: filter } })), refetchInterval: slowMs });
export const capsulesQuery = queryOptions({ queryKey: ['benchmarks', 'capsules'], queryFn: () => bodyOf(api.GET('/v1/benchmarks')), staleTime: 60_000 });
export const runsQuery = infiniteQueryOptions({
  queryKey: ['benchmarks', 'runs'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/runs', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: liveMs,
});
export const runQuery = (id: string) => queryOptions({ queryKey: ['benchmarks', 'run', id], queryFn: () => bodyOf(api.GET('/v1/run/{id}', { params: { path: { id } } })), refetchInterval: (query) => (query.state.data?.ended_at ? false : liveMs) });
export const resultsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['benchmarks', 'results', id],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/run/{id}/results', { params: { path: { id }, query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
export const suggestionsQuery = (status: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['benchmarks', 'suggestions', status ?? ''],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/promotions', { params: { query: { status, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: liveMs,
  });
