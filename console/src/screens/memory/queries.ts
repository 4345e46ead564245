import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

export type MemoryLine = Schemas['ReadMemoryMemoryView'];
export type Hit = Schemas['RecallHit'];
export type Buffered = Schemas['ReadOutboxItemView'];

const pageSize = 100;
const liveMs = 5_000;

export type RecallAsk = { q: string; namespace?: string; kind?: string; universe?: string; tags?: string; as_of?: string; limit?: number; superseded?: true };

/** The request that a form's fields make; also what is copied as curl. */
export const recallBody = (ask: RecallAsk) => ({
  query: ask.q,
  namespace: ask.namespace ?? null,
  kind: ask.kind ?? null,
  universe: ask.universe ?? null,
  tags: tagsOf(ask.tags),
  as_of: ask.as_of ? new Date(ask.as_of).toISOString() : null,
  limit: ask.limit ?? null,
  include_superseded: ask.superseded ?? false,
  explain: true,
});

export const tagsOf = (text: string | undefined) => {
  const tags = (text ?? '').split(',').map((tag) => tag.trim()).filter(Boolean);
  return tags.length > 0 ? tags : null;
};

export const recallQuery = (ask: RecallAsk) => queryOptions({ queryKey: ['memory', 'recall', ask], queryFn: () => bodyOf(api.POST('/v1/recall', { body: recallBody(ask) })), staleTime: Infinity });

export const itemsQuery = (namespace: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['memory', 'items', namespace ?? ''],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/memory', { params: { query: { namespace, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const itemQuery = (id: string) => queryOptions({ queryKey: ['memory', 'item', id], queryFn: () => bodyOf(api.GET('/v1/memory/{id}', { params: { path: { id } } })) });
export const historyQuery = (id: string) => queryOptions({ queryKey: ['memory', 'history', id], queryFn: () => bodyOf(api.GET('/v1/memory/{id}/history', { params: { path: { id }, query: { limit: pageSize } } })) });
export const linksQuery = (id: string) => queryOptions({ queryKey: ['memory', 'links', id], queryFn: () => bodyOf(api.GET('/v1/graph/neighbors', { params: { query: { id, direction: 'both', k_hop: 1, limit: pageSize } } })) });
export const factsQuery = (id: string) => queryOptions({ queryKey: ['memory', 'facts', id], queryFn: () => bodyOf(api.GET('/v1/memory/{id}/facts', { params: { path: { id } } })) });
export const erasureQuery = (id: string) => queryOptions({ queryKey: ['memory', 'erasure', id], queryFn: () => bodyOf(api.GET('/v1/memory/{id}/erasure', { params: { path: { id } } })) });

export const indexQuery = queryOptions({ queryKey: ['memory', 'index'], queryFn: () => bodyOf(api.GET('/v1/memory/index')), refetchInterval: liveMs });
export const bufferQuery = queryOptions({ queryKey: ['memory', 'buffer'], queryFn: () => bodyOf(api.GET('/v1/outbox/status')), refetchInterval: liveMs });
export const writesQuery = (state: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['memory', 'writes', state ?? ''],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/outbox', { params: { query: { state, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: liveMs,
  });

export const workingQuery = (session: string) => queryOptions({ queryKey: ['memory', 'working', session], queryFn: async () => {
  const [items, status] = await Promise.all([bodyOf(api.GET('/v1/wm', { params: { query: { session } } })), bodyOf(api.GET('/v1/wm/status', { params: { query: { session } } }))]);
  return { items: items.data, status };
}, refetchInterval: liveMs });
