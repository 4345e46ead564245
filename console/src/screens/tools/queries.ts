import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';
import type { Schema } from '~/app/schemaForm.ts';

export type Adapter = Schemas['AdapterLine'];
export type AdapterView = Schemas['AdapterView'];
export type Version = Schemas['ManifestLine'];
export type CallLine = Schemas['CallLine'];

/** What this screen reads of a manifest; the rest is shown as it is. */
export type Manifest = { actions?: readonly { name: string; description?: string; risk?: string; read_only?: boolean; idempotent?: boolean; input?: Schema; output?: unknown }[]; permissions?: readonly string[]; egress?: readonly string[]; limits?: Record<string, number> };

const pageSize = 50;
const everyMs = 5_000;
const slowMs = 15_000;

export const adaptersQuery = infiniteQueryOptions({
  queryKey: ['tools', 'adapters'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/adapters', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: slowMs,
});

export const adapterQuery = (id: string) => queryOptions({ queryKey: ['tools', 'adapter', id], queryFn: () => bodyOf(api.GET('/v1/adapters/{id}', { params: { path: { id } } })), refetchInterval: slowMs });

export const versionsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['tools', 'versions', id],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/adapters/{id}/versions', { params: { path: { id }, query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: slowMs,
  });

export const callsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['tools', 'calls', id],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/adapters/{id}/calls', { params: { path: { id }, query: { limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: everyMs,
  });

export const callQuery = (id: string) => queryOptions({ queryKey: ['tools', 'call', id], queryFn: () => bodyOf(api.GET('/v1/tool-calls/{id}', { params: { path: { id } } })) });

export const publishersQuery = infiniteQueryOptions({
  queryKey: ['tools', 'publishers'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/tool-publishers', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

/** Requests to let a version in that wait for a second person. */
export const askedQuery = queryOptions({ queryKey: ['tools', 'asked'], queryFn: () => bodyOf(api.GET('/v1/approvals', { params: { query: { state: 'pending', kind: 'tool.register', limit: pageSize } } })), refetchInterval: everyMs });

export const manifestOf = (view: AdapterView): Manifest => (typeof view.manifest === 'object' && view.manifest !== null ? (view.manifest as Manifest) : {});
