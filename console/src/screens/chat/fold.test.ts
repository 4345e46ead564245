import { describe, expect, it } from 'vitest';
import { fold, nothingYet, type Live } from './fold.ts';

const events = [
  { id: 1, type: 'approval_required', data: { turn_id: 'a', session_id: 's' } },
  { id: 2, type: 'turn.started', data: { turn_id: 'a', session_id: 's' } },
  { id: 3, type: 'text.delta', data: { text: 'One ' } },
  { id: 4, type: 'text.delta', data: { text: 'two.' } },
  { id: 5, type: 'turn.completed', data: { turn_id: 'a' } },
  { id: 6, type: 'turn.started', data: { turn_id: 'b' } },
  { id: 7, type: 'text.delta', data: { text: 'Three' } },
];
const all = (list: typeof events, from: Live = nothingYet) => list.reduce<Live>(fold, from);

describe('the fold of a session', () => {
  it('gives each turn its own words and phase', () => {
    const live = all(events);
    expect(live.turns.a).toEqual({ text: 'One two.', phase: 'ended' });
    expect(live.turns.b).toEqual({ text: 'Three', phase: 'answering' });
    expect(live.current).toBe('b');
  });

  it('comes to the same whatever is read twice, from any point on', () => {
    const once = all(events);
    for (let cut = 0; cut <= events.length; cut++) for (let again = 0; again <= cut; again++) expect(all(events.slice(again), all(events.slice(0, cut)))).toEqual(once);
  });

  it('waits where a second person is asked', () => expect(all(events.slice(0, 1)).turns.a?.phase).toBe('waiting'));

  it('keeps what was said when the turn breaks off', () => {
    const live = all([...events.slice(0, 4), { id: 5, type: 'turn.failed', data: { code: 'turn_interrupted' } as never }]);
    expect(live.turns.a).toEqual({ text: 'One two.', phase: 'ended' });
  });
});
