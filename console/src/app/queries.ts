import { QueryClient, queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '~/api/client.ts';
import { ProblemError, UnreachableError } from '~/api/problem.ts';

const triesMax = 5;
const slowMs = 15_000;
const statusMs = 10_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal stays a refusal; only silence is worth another try.
      retry: (count, cause) => cause instanceof UnreachableError && count < triesMax,
      retryDelay: (count) => Math.min(slowMs, 500 * 2 ** count),
      staleTime: 2_000,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: () => bodyOf(api.GET('/v1/auth/me')), staleTime: 60_000 });

export const statusQuery = queryOptions({ queryKey: ['status'], queryFn: () => bodyOf(api.GET('/v1/status')), refetchInterval: slowMs });

export const killSwitchQuery = queryOptions({ queryKey: ['killswitch'], queryFn: () => bodyOf(api.GET('/v1/killswitch')), refetchInterval: statusMs });

/** Everybody may ask this; a server that is not ready answers 503 with the same body. */
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async () => {
    const response = await fetch('/readyz?verbose', { cache: 'no-store' });
    return (await response.json()) as { status: string; checks: readonly { name: string; state: 'ok' | 'degraded' | 'failed' | 'unknown'; required: boolean; detail: string | null; value: number | null; unit: string | null }[] | null };
  },
  refetchInterval: statusMs,
});

export const openApprovalsQuery = queryOptions({
  queryKey: ['approvals', 'pending'],
  queryFn: () => bodyOf(api.GET('/v1/approvals', { params: { query: { state: 'pending', limit: 50 } } })),
  refetchInterval: 5_000,
});

export const isForbidden = (cause: unknown) => cause instanceof ProblemError && cause.status === 403 && cause.capability !== null;
