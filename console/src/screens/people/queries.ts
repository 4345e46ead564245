import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

export type User = Schemas['UserView'];
export type Role = Schemas['RoleView'];
export type Invitation = Schemas['InvitationView'];
export type UserFilter = { kind?: string; active?: boolean; role?: string; prefix?: string };

const pageSize = 100;
const pollMs = 15_000;

export const usersQuery = (filter: UserFilter) =>
  infiniteQueryOptions({
    queryKey: ['users', 'list', filter],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/users', { params: { query: { ...filter, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: pollMs,
  });

export const userQuery = (id: string) => queryOptions({ queryKey: ['users', 'one', id], queryFn: () => bodyOf(api.GET('/v1/users/{id}', { params: { path: { id } } })) });

export const invitationsQuery = infiniteQueryOptions({
  queryKey: ['invitations'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/invitations', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: pollMs,
});

export const rolesQuery = queryOptions({ queryKey: ['roles'], queryFn: () => bodyOf(api.GET('/v1/roles', {})) });
