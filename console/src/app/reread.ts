import type { QueryClient, QueryKey } from '@tanstack/react-query';

/**
 * Reads a query again because something happened, and once more where that was told while a reading was under way: such a reading may
 * have seen what was before. `invalidateQueries` joins the first reading instead, and the page would keep what it brought.
 */
export const rereading = (client: QueryClient, queryKey: QueryKey, signal: AbortSignal) => {
  let told = false;
  let busy = false;
  return async () => {
    told = true;
    if (busy) return;
    busy = true;
    while (told && !signal.aborted) {
      told = client.getQueryData(queryKey) === undefined && client.isFetching({ queryKey, exact: true }) > 0;
      await client.refetchQueries({ queryKey, exact: true });
    }
    busy = false;
  };
};
