import { useSyncExternalStore } from 'react';
import { firstLanguage, setLanguage, type Language } from '~/i18n/words.ts';

export type Theme = 'light' | 'dark' | 'system';
export type Look = { theme: Theme; contrast: 'normal' | 'high'; lang: Language; keys: boolean };

const keptUnder = 'soma.look';
const listeners = new Set<() => void>();

const read = (): Look => {
  let kept: Partial<Look> = {};
  try {
    kept = JSON.parse(localStorage.getItem(keptUnder) ?? '{}') as Partial<Look>;
  } catch {
    kept = {};
  }
  return { theme: kept.theme ?? 'system', contrast: kept.contrast ?? 'normal', lang: firstLanguage(kept.lang), keys: kept.keys ?? true };
};

let look = read();
const dark = matchMedia('(prefers-color-scheme: dark)');

const apply = () => {
  const root = document.documentElement;
  root.dataset.theme = look.theme === 'dark' || (look.theme === 'system' && dark.matches) ? 'dark' : 'light';
  if (look.contrast === 'high') root.dataset.contrast = 'high';
  else delete root.dataset.contrast;
  setLanguage(look.lang);
};

/** Changes how this browser shows the console. It is kept here and told to nobody. */
export const setLook = (change: Partial<Look>) => {
  look = { ...look, ...change };
  localStorage.setItem(keptUnder, JSON.stringify(look));
  apply();
  for (const listener of listeners) listener();
};

export const startLook = () => {
  apply();
  dark.addEventListener('change', apply);
};

export const useLook = () => useSyncExternalStore((listener) => (listeners.add(listener), () => listeners.delete(listener)), () => look);
