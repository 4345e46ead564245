import { useSyncExternalStore } from 'react';

let reached = true;
const listeners = new Set<() => void>();

/** Whether the last call got an answer. */
export const setReached = (now: boolean) => {
  if (now === reached) return;
  reached = now;
  for (const listener of listeners) listener();
};

export const useReached = () => useSyncExternalStore((listener) => (listeners.add(listener), () => listeners.delete(listener)), () => reached);
