import { serverNow } from './clock.ts';

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1_000]];

/** `in 12 minutes`, `3 days ago`, in the reader's language. */
export const relativeTime = (at: Date, lang: string, now = serverNow()) => {
  const ms = at.getTime() - now;
  const [unit, size] = steps.find(([, length]) => Math.abs(ms) >= length) ?? steps.at(-1)!;
  return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(Math.round(ms / size), unit);
};

export const instant = (lang: string) => new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'medium' });
