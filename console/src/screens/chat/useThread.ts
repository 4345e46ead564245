import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { readEvents } from '~/api/events.ts';
import { ProblemError } from '~/api/problem.ts';
import { rereading } from '~/app/reread.ts';
import { fold, nothingYet, type Live } from './fold.ts';
import { isOpenTurn, sessionQuery, type SessionDetail, type Turn } from './queries.ts';

const firstWaitMs = 300;
const longestWaitMs = 5_000;

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/**
 * One conversation: the turns as they are stored, and on top of them what its stream says now. The stream is read from the last event
 * seen, for as long as the page is open; a cut one is taken up where it broke.
 */
export const useThread = (id: string) => {
  const client = useQueryClient();
  const detail = useQuery(sessionQuery(id));
  const [live, setLive] = useState<Live>(nothingYet);
  const [broken, setBroken] = useState(false);
  const now = useRef<Live>(nothingYet);

  useEffect(() => {
    const stop = new AbortController();
    const key = sessionQuery(id).queryKey;
    now.current = nothingYet;
    setLive(nothingYet);
    let frame = 0;
    const show = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setLive(now.current);
      });
    };
    const reread = rereading(client, key, stop.signal);
    const stored = (turn: string) => client.getQueryData(key)?.turns.find((one) => one.turn_id === turn);
    const follow = async () => {
      let wait = firstWaitMs;
      while (!stop.signal.aborted) {
        try {
          for await (const event of readEvents(new Request(`/v1/sessions/${id}/events?after=${now.current.seq}`, { signal: stop.signal }), () => setBroken(false))) {
            const before = now.current;
            now.current = fold(before, event);
            wait = firstWaitMs;
            show();
            if (event.type === 'text.delta') continue;
            const turn = now.current.current ?? before.current ?? (event.data as Partial<Turn>).turn_id;
            const known = turn ? stored(turn) : undefined;
            // Old events of turns whose end is known already tell nothing new.
            if (!known || isOpenTurn(known)) void reread();
          }
        } catch (cause) {
          if (stop.signal.aborted) return;
          if (cause instanceof ProblemError && cause.status !== 401 && cause.status < 500) return;
        }
        if (stop.signal.aborted) return;
        setBroken(true);
        await sleep(wait, stop.signal);
        wait = Math.min(longestWaitMs, wait * 2);
      }
    };
    void follow();
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  }, [client, id]);

  return { detail, live, broken, turns: withLive(detail.data, live) };
};

/** Stored turns, with the words of those that are being answered. */
const withLive = (detail: SessionDetail | undefined, live: Live): readonly Turn[] =>
  (detail?.turns ?? []).map((turn) => {
    const said = live.turns[turn.turn_id];
    if (!said || !isOpenTurn(turn)) return turn;
    return { ...turn, answer: said.text || turn.answer, status: said.phase === 'waiting' ? 'awaiting_approval' : 'open' };
  });
