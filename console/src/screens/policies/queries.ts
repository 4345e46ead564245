import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '~/api/client.ts';
import { ProblemError } from '~/api/problem.ts';
import type { Policy } from './document.ts';

const pageSize = 50;

export const policyQuery = queryOptions({
  queryKey: ['policies', 'current'],
  queryFn: async () => {
    const answer = await bodyOf(api.GET('/v1/policies'));
    return { ...answer, document: answer.document as Policy };
  },
  refetchInterval: 15_000,
});

export const versionsQuery = infiniteQueryOptions({
  queryKey: ['policies', 'versions'],
  queryFn: ({ pageParam }) => bodyOf(api.GET('/v1/policies/versions', { params: { query: { limit: pageSize, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

export const versionQuery = (version: number) =>
  queryOptions({ queryKey: ['policies', 'version', version], queryFn: async () => (await bodyOf(api.GET('/v1/policies/versions/{version}', { params: { path: { version } } }))).document as Policy, staleTime: Infinity });

export const simulate = (document: Policy, last: number) => bodyOf(api.POST('/v1/policies/simulate', { body: { document: document as never, last } }));

/** What the server would say against a policy; null when it could govern. It is asked, and nothing is changed. */
export const checkQuery = (document: Policy) =>
  queryOptions({
    queryKey: ['policies', 'check', JSON.stringify(document)],
    queryFn: async (): Promise<string | null> => {
      try {
        await simulate(document, 1);
        return null;
      } catch (cause) {
        if (cause instanceof ProblemError && cause.status === 422) return cause.problem.detail;
        throw cause;
      }
    },
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
