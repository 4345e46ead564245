import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';

export type Preferences = Schemas['NotificationPreferences'];
export type PreferencesView = Schemas['NotificationPreferencesView'];
export type Address = Schemas['AddressView'];
export type Webhook = Schemas['WebhookView'];
export type Delivery = Schemas['DeliveryView'];

const pageSize = 50;
const allMax = 200;
const deliveriesMs = 5_000;

export const listQuery = (filter: { state?: string; severity?: string; kind?: string; group?: string }) => infiniteQueryOptions({
  queryKey: ['notifications', 'list', filter],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/notifications', { params: { query: { ...filter, limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});
export const oneQuery = (id: string) => queryOptions({ queryKey: ['notifications', 'one', id], queryFn: () => bodyOf(api.GET('/v1/notifications/{id}', { params: { path: { id } } })) });
export const groupsQuery = queryOptions({ queryKey: ['notifications', 'groups'], queryFn: async () => (await bodyOf(api.GET('/v1/notifications/groups', { params: { query: { limit: allMax } } }))).data });

/** Whose preferences: one person's own, or with null the tenant's, which hold for whoever set none. */
export type Owner = { tenant: string; principal: string | null };
const all = '/v1/tenants/{id}/notification-preferences';
const own = '/v1/tenants/{id}/notification-preferences/{principal}';
const at = (version: number) => ({ header: { 'Idempotency-Key': newKey() }, headers: { 'If-Match': `"${version}"` } });
export const preferencesPath = ({ tenant, principal }: Owner) => `/v1/tenants/${tenant}/notification-preferences${principal === null ? '' : `/${principal}`}`;
export const preferencesQuery = ({ tenant: id, principal }: Owner) => queryOptions({
  queryKey: ['notification-preferences', id, principal],
  queryFn: () => (principal === null ? bodyOf(api.GET(all, { params: { path: { id } } })) : bodyOf(api.GET(own, { params: { path: { id, principal } } }))),
});
export const savePreferences = ({ tenant: id, principal }: Owner, version: number, body: Preferences) => {
  const { header, headers } = at(version);
  return principal === null ? bodyOf(api.PUT(all, { params: { path: { id }, header }, body, headers })) : bodyOf(api.PUT(own, { params: { path: { id, principal }, header }, body, headers }));
};
export const resetPreferences = async ({ tenant: id, principal }: Owner, version: number) => {
  const { header, headers } = at(version);
  await (principal === null ? api.DELETE(all, { params: { path: { id }, header }, headers }) : api.DELETE(own, { params: { path: { id, principal }, header }, headers }));
};
export const addressesQuery = queryOptions({ queryKey: ['notification-addresses'], queryFn: async () => (await bodyOf(api.GET('/v1/notifications/addresses'))).data });
export const unsubscribesQuery = queryOptions({ queryKey: ['notification-unsubscribes'], queryFn: async () => (await bodyOf(api.GET('/v1/notifications/unsubscribes'))).data });
export const webhooksQuery = infiniteQueryOptions({
  queryKey: ['webhooks'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/webhooks', { params: { query: { limit: allMax, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});
export const deliveriesQuery = (filter: { state?: string; channel?: string; target?: string }) => infiniteQueryOptions({
  queryKey: ['deliveries', 'list', filter],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/notifications/deliveries', { params: { query: { ...filter, limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: deliveriesMs,
});
export const deliveryQuery = (id: string) => queryOptions({ queryKey: ['deliveries', 'one', id], queryFn: () => bodyOf(api.GET('/v1/notifications/deliveries/{id}', { params: { path: { id } } })), refetchInterval: deliveriesMs });
