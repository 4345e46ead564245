import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, bodyOf, type Schemas } from '~/api/client.ts';

export type Line = Schemas['AuditEvent'];
type Read = { lines: readonly Line[]; cursor: string | undefined; complete: boolean };

const pageSize = 200;
export const linesMax = 20_000;
const pollMs = 5_000;
const key = ['audit', 'lines'] as const;

/** The tenant's journal, oldest first as it is written, page by page until its end; then what is added. */
export const useJournal = () => {
  const client = useQueryClient();
  const journal = useQuery({
    queryKey: key,
    queryFn: async (): Promise<Read> => {
      const before = client.getQueryData<Read>(key) ?? { lines: [], cursor: undefined, complete: false };
      const page = await bodyOf(api.GET('/v1/audit/events', { params: { query: { after: before.cursor, limit: pageSize } } }));
      return { lines: page.data.length === 0 ? before.lines : [...before.lines, ...page.data].slice(-linesMax), cursor: page.next_cursor ?? before.cursor, complete: page.data.length < pageSize };
    },
    refetchInterval: pollMs,
    staleTime: 0,
  });
  const { data, refetch, isFetching } = journal;
  useEffect(() => {
    if (data && !data.complete && !isFetching) void refetch();
  }, [data, isFetching, refetch]);
  return journal;
};
