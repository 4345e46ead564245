import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

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

export const preferencesQuery = (tenant: string, principal: string) => queryOptions({ queryKey: ['notification-preferences', principal], queryFn: () => bodyOf(api.GET('/v1/tenants/{id}/notification-preferences/{principal}', { params: { path: { id: tenant, principal } } })) });
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
