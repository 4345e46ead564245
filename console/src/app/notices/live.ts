import { useSyncExternalStore } from 'react';

let live = false;
const listeners = new Set<() => void>();
export const setLive = (now: boolean) => {
  if (now === live) return;
  live = now;
  for (const listener of listeners) listener();
};

/** Whether the feed is connected. While it is not, lists are asked for again and again instead. */
export const useLive = () => useSyncExternalStore((listener) => (listeners.add(listener), () => listeners.delete(listener)), () => live);
