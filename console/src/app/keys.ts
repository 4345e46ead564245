import { useEffect, useRef } from 'react';
import { useLook } from './look.ts';

const sequenceMs = 1200;

/** Single keys belong to the text while one is being written, and to lists of choices while one is open. */
const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role="listbox"], [role="menu"], [role="tablist"], [role="dialog"]') !== null);

/**
 * Keys of a page: `'?'`, `'j'`, or two after each other as `'g i'`. They sleep while somebody types and when the person has turned
 * single keys off (WCAG 2.1.4).
 */
export const useKeys = (map: Record<string, () => void>) => {
  const { keys } = useLook();
  const current = useRef(map);
  current.current = map;
  useEffect(() => {
    if (!keys) return;
    let first = '';
    let at = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const pair = event.timeStamp - at < sequenceMs ? `${first} ${event.key}` : '';
      first = event.key;
      at = event.timeStamp;
      const act = current.current[pair] ?? current.current[event.key];
      if (!act) return;
      event.preventDefault();
      first = '';
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [keys]);
};
