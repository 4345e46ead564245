import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '~/api/client.ts';

const enough = 200;

/** Who could turn the second key: active people with the right to decide. Needs tenant:admin. */
export const decidersQuery = queryOptions({
  queryKey: ['users', 'deciders'],
  queryFn: async () => (await bodyOf(api.GET('/v1/users', { params: { query: { kind: 'user', active: true, limit: enough } } }))).data.filter((user) => user.capabilities.includes('approval:decide')).length,
});
