import type { ServerEvent } from '~/api/events.ts';

/** What the stream has said of one turn. `ended` is final: nothing later changes it. */
export type LiveTurn = { text: string; phase: 'answering' | 'waiting' | 'ended' };
export type Live = { seq: number; turns: Readonly<Record<string, LiveTurn>>; current: string | null };

export const nothingYet: Live = { seq: 0, turns: {}, current: null };

const ends = new Set(['turn.completed', 'turn.failed', 'turn.cancelled', 'turn.denied']);

const field = (data: unknown, name: string) => (typeof data === 'object' && data !== null && name in data ? (data as Record<string, unknown>)[name] : undefined);

/** Adds one event. Pure; an event that was seen before changes nothing, so a reader may always begin again. */
export const fold = (live: Live, event: ServerEvent): Live => {
  if (event.id <= live.seq) return live;
  const named = field(event.data, 'turn_id');
  const turn = typeof named === 'string' ? named : live.current;
  const next = { ...live, seq: event.id };
  if (!turn) return next;
  const before = live.turns[turn] ?? { text: '', phase: 'answering' as const };
  const put = (change: Partial<LiveTurn>, current: string | null): Live => ({ ...next, current, turns: { ...live.turns, [turn]: { ...before, ...change } } });
  if (event.type === 'turn.started') return put({ phase: 'answering', text: '' }, turn);
  if (event.type === 'approval_required') return put({ phase: 'waiting' }, turn);
  if (event.type === 'text.delta') return put({ text: before.text + String(field(event.data, 'text') ?? '') }, turn);
  if (ends.has(event.type)) return put({ phase: 'ended' }, null);
  return next;
};
