import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';
import { planOf } from './plan.ts';

export type Run = Schemas['RunSummary'];
export type RunDetail = Schemas['RunDetail'];
export type Step = Schemas['StepView'];
export type Wait = Schemas['WaitView'];
export type RunEvent = Schemas['FollowRunEventView'];

const pageSize = 50;
const everyMs = 5_000;
const choicesMax = 200;

export const isOpen = (status: string) => status === 'running' || status === 'waiting' || status === 'compensating';

export type RunFilters = { status?: string; capsule?: string; kind?: string; parent?: string };

export const runsQuery = (filters: RunFilters) =>
  infiniteQueryOptions({
    queryKey: ['workflows', 'list', filters],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/mao', { params: { query: { ...filters, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: everyMs,
  });

export const runQuery = (id: string) => queryOptions({ queryKey: ['workflows', 'run', id], queryFn: () => bodyOf(api.GET('/v1/mao/{id}', { params: { path: { id } } })), refetchInterval: (query) => (query.state.data && !isOpen(query.state.data.status) ? false : everyMs) });

export const historyQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['workflows', 'history', id],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/mao/{id}/history', { params: { path: { id }, query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Infinity,
  });

/** The graph that the run itself was begun with; null when its first event does not hold one. */
export const planQuery = (id: string) =>
  queryOptions({ queryKey: ['workflows', 'plan', id], queryFn: async () => planOf((await bodyOf(api.GET('/v1/mao/{id}/history', { params: { path: { id }, query: { limit: 1 } } }))).data[0]?.data), staleTime: Infinity });

export const capsulesQuery = queryOptions({ queryKey: ['capsules', 'list'], queryFn: () => bodyOf(api.GET('/v1/capsules', { params: { query: { limit: choicesMax } } })), staleTime: 30_000 });

export const capsuleQuery = (id: string) => queryOptions({ queryKey: ['capsules', 'one', id], queryFn: () => bodyOf(api.GET('/v1/capsules/{id}', { params: { path: { id } } })), staleTime: 30_000 });
