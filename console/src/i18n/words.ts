import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';

export const languages = { en: 'English', es: 'Español' } as const;
export type Language = keyof typeof languages;

export type Words<K extends string> = Record<K, string>;
export type Say<K extends string> = (key: K, values?: Record<string, string | number>) => string;

const rightToLeft = new Set(['ar', 'fa', 'he', 'ur']);

const isLanguage = (code: string): code is Language => code in languages;

export const firstLanguage = (kept: string | undefined): Language => {
  const wanted = [kept ?? '', ...navigator.languages].map((code) => code.slice(0, 2));
  return wanted.find(isLanguage) ?? 'en';
};

void i18next.use(initReactI18next).init({ lng: 'en', fallbackLng: 'en', resources: {}, interpolation: { escapeValue: false }, returnNull: false, initAsync: false });

/** Not languages, but what they do to a layout: every word longer, or the page read from the right. */
export type Pseudo = 'long' | 'mirrored';

export const setLanguage = (language: Language, pseudo?: Pseudo) => {
  document.documentElement.lang = language;
  document.documentElement.dir = pseudo === 'mirrored' || rightToLeft.has(language) ? 'rtl' : 'ltr';
  const change = () => void i18next.changeLanguage(language);
  if (pseudo || i18next.options.postProcess) void import('./pseudo.ts').then((module) => module.pretend(i18next, pseudo)).then(change);
  else change();
};

/**
 * The words of one screen in every language, kept beside it. A word that one language lacks does not compile.
 * @returns a hook that gives the function which says them.
 */
export const words = <const En extends Record<string, string>>(name: string, en: En, es: Words<keyof En & string>) => {
  i18next.addResourceBundle('en', name, en);
  i18next.addResourceBundle('es', name, es);
  return (): Say<keyof En & string> => useTranslation(name).t as unknown as Say<keyof En & string>;
};

export const useLanguage = () => useTranslation().i18n.language as Language;
