import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '~/api/client.ts';
import type { Document, Overlay } from './overlay.ts';

export type Version = Schemas['ConstitutionLine'];

const pageSize = 50;

export const constitutionQuery = queryOptions({
  queryKey: ['constitution', 'current'],
  queryFn: async () => {
    const answer = await bodyOf(api.GET('/v1/constitution'));
    return { ...answer, document: answer.document as Document };
  },
  refetchInterval: 15_000,
});

export const overlayQuery = queryOptions({
  queryKey: ['constitution', 'overlay'],
  queryFn: async () => {
    const answer = await bodyOf(api.GET('/v1/constitution/overlay'));
    return { ...answer, overlay: answer.overlay as Overlay };
  },
});

export const versionsQuery = (scope: string) =>
  infiniteQueryOptions({
    queryKey: ['constitution', 'versions', scope],
    queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/constitution/versions', { params: { query: { scope, limit: pageSize, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const detailQuery = (scope: string, version: number) =>
  queryOptions({ queryKey: ['constitution', 'version', scope, version], queryFn: async () => { const answer = await bodyOf(api.GET('/v1/constitution/versions/{version}', { params: { path: { version }, query: { scope } } })); return { ...answer, document: answer.document as Document }; } });

export const diffQuery = (scope: string, from: number, to: number) => queryOptions({ queryKey: ['constitution', 'diff', scope, from, to], queryFn: () => bodyOf(api.GET('/v1/constitution/diff', { params: { query: { from, to, scope } } })), staleTime: Infinity });
