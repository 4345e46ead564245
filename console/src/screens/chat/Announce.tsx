import { useEffect, useRef, useState } from 'react';
import type { Turn } from './queries.ts';
import { useChatWords } from './words.ts';

/** Tells a screen reader what happens, in at most three sentences an answer; the words themselves are read when it wants them. */
export const Announce = ({ turn }: { turn: Turn | undefined }) => {
  const say = useChatWords();
  const [text, setText] = useState('');
  const before = useRef<string | null>(null);
  const now = turn ? `${turn.turn_id} ${turn.status}` : null;
  useEffect(() => {
    const isFirst = before.current === null;
    before.current = now ?? '';
    // What was there when the page opened is no news.
    if (isFirst || !turn) return;
    if (turn.status === 'open') setText(say('replying'));
    else if (turn.status === 'awaiting_approval') setText(say('needsApproval'));
    else setText(say('replied', { n: turn.answer.split(/\s+/).filter(Boolean).length }));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only a change of status is news
  }, [now]);
  return <p role="status" aria-live="polite" className="sr-only">{text}</p>;
};
