import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { readEvents } from '~/api/events.ts';
import { ProblemError } from '~/api/problem.ts';
import { rereading } from '~/app/reread.ts';
import { isOpen, runQuery, type RunEvent } from './queries.ts';

const firstWaitMs = 300;
const longestWaitMs = 5_000;
/** More of what happened since the page was opened is read from the history. */
const keptMax = 500;

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Null before the first answer. */
export type Link = 'live' | 'broken' | 'over' | null;

/** One run, and its events as they happen: from the last one seen, taken up again where it broke, until the run has ended. */
export const useRun = (id: string) => {
  const client = useQueryClient();
  const detail = useQuery(runQuery(id));
  const [events, setEvents] = useState<readonly RunEvent[]>([]);
  const [link, setLink] = useState<Link>(null);
  const last = useRef<number | null>(null);
  const known = detail.data !== undefined;
  const open = detail.data ? isOpen(detail.data.status) : false;
  if (detail.data) last.current ??= detail.data.events;

  useEffect(() => {
    if (!known) return;
    if (!open) return setLink('over');
    const stop = new AbortController();
    const reread = rereading(client, runQuery(id).queryKey, stop.signal);
    const follow = async () => {
      let wait = firstWaitMs;
      while (!stop.signal.aborted) {
        try {
          for await (const event of readEvents(new Request(`/v1/mao/${id}/events?after=${last.current ?? 0}&until=ended`, { signal: stop.signal }), () => setLink('live'))) {
            last.current = event.id;
            wait = firstWaitMs;
            setEvents((old) => [...old, { seq: event.id, type: event.type, data: event.data as RunEvent['data'] }].slice(-keptMax));
            void reread();
          }
          await reread();
        } catch (cause) {
          if (stop.signal.aborted) return;
          if (cause instanceof ProblemError && cause.status !== 401 && cause.status < 500) return setLink('broken');
        }
        if (stop.signal.aborted) return;
        setLink('broken');
        await sleep(wait, stop.signal);
        wait = Math.min(longestWaitMs, wait * 2);
      }
    };
    void follow();
    return () => stop.abort();
  }, [client, id, known, open]);

  return { detail, events, link };
};
