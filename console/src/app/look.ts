import { useSyncExternalStore } from 'react';
import { firstLanguage, setLanguage, type Language, type Pseudo } from '~/i18n/words.ts';

export type Theme = 'light' | 'dark' | 'system';
/** `pseudo` tries the layout with words that are longer or read from the right; it is in no menu (docs/console.md). */
export type Look = { theme: Theme; contrast: 'normal' | 'high'; lang: Language; keys: boolean; pseudo?: Pseudo };

const keptUnder = 'soma.look';
const listeners = new Set<() => void>();

const read = (): Look => {
  let kept: Partial<Look> = {};
  try {
    kept = JSON.parse(localStorage.getItem(keptUnder) ?? '{}') as Partial<Look>;
  } catch {
    kept = {};
  }
  return { theme: kept.theme ?? 'system', contrast: kept.contrast ?? 'normal', lang: firstLanguage(kept.lang), keys: kept.keys ?? true, pseudo: kept.pseudo };
};

let look = read();
const dark = matchMedia('(prefers-color-scheme: dark)');

const apply = () => {
  const root = document.documentElement;
  root.dataset.theme = look.theme === 'dark' || (look.theme === 'system' && dark.matches) ? 'dark' : 'light';
  if (look.contrast === 'high') root.dataset.contrast = 'high';
  else delete root.dataset.contrast;
  setLanguage(look.lang, look.pseudo);
};

const take = (next: Look) => {
  look = next;
  apply();
  for (const listener of listeners) listener();
};

/** Changes how this browser shows the console. It is kept here and told to nobody. */
export const setLook = (change: Partial<Look>) => {
  const next = { ...look, ...change };
  localStorage.setItem(keptUnder, JSON.stringify(next));
  take(next);
};

export const startLook = () => {
  apply();
  dark.addEventListener('change', apply);
  // Another tab changed it.
  addEventListener('storage', (event) => event.key === keptUnder && take(read()));
};

export const useLook = () => useSyncExternalStore((listener) => (listeners.add(listener), () => listeners.delete(listener)), () => look);
