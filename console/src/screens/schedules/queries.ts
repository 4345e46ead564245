import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

export type Schedule = Schemas['ScheduleView'];
export type Template = Schemas['RunTemplateView'];
export type Fire = Schemas['FireView'];

const pageSize = 50;
const everyMs = 5_000;
const slowMs = 15_000;

export const schedulesQuery = infiniteQueryOptions({
  queryKey: ['schedules', 'list'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/schedules', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: slowMs,
});

export const scheduleQuery = (id: string) => queryOptions({ queryKey: ['schedules', 'one', id], queryFn: () => bodyOf(api.GET('/v1/schedules/{id}', { params: { path: { id } } })), refetchInterval: everyMs });

export const firesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['schedules', 'fires', id],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/schedules/{id}/fires', { params: { path: { id }, query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: everyMs,
  });

export const templatesQuery = infiniteQueryOptions({
  queryKey: ['schedules', 'templates'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/templates', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: slowMs,
});

export const templateQuery = (id: string) => queryOptions({ queryKey: ['schedules', 'template', id], queryFn: () => bodyOf(api.GET('/v1/templates/{id}', { params: { path: { id } } })) });
