import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

export type Turn = Schemas['TurnView'];
export type Session = Schemas['SessionView'];
export type SessionDetail = Schemas['SessionDetail'];

const pageSize = 50;

export const sessionsQuery = infiniteQueryOptions({
  queryKey: ['sessions', 'list'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/sessions', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

export const sessionQuery = (id: string) => queryOptions({ queryKey: ['session', id], queryFn: () => bodyOf(api.GET('/v1/sessions/{id}', { params: { path: { id } } })) });

export const personasQuery = queryOptions({ queryKey: ['personas'], queryFn: () => bodyOf(api.GET('/v1/personas', { params: { query: { limit: 200 } } })), staleTime: 60_000 });

export const approvalQuery = (id: string) => queryOptions({ queryKey: ['approval', id], queryFn: () => bodyOf(api.GET('/v1/approvals/{id}', { params: { path: { id } } })) });

export const memoryQuery = (id: string) => queryOptions({ queryKey: ['memory', id], queryFn: () => bodyOf(api.GET('/v1/memory/{id}', { params: { path: { id } } })), staleTime: 60_000 });

export const isOpenTurn = (turn: Pick<Turn, 'status'>) => turn.status === 'open' || turn.status === 'awaiting_approval';
