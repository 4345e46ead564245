import { grouped } from '~/app/grouped.ts';
import { roomOf, type Notice } from '~/app/notices/fold.ts';

const dayOf = (at: string) => new Date(at).toDateString();

/** By day, newest day first, and within a day by the room that told; both by this browser's clock. */
export const arranged = (notices: readonly Notice[]): Notice[] =>
  [...grouped(notices, (one) => dayOf(one.last_at)).entries()].sort(([a], [b]) => Date.parse(b) - Date.parse(a)).flatMap(([, day]) => [...grouped(day, (one) => roomOf(one.source)).values()].flat());

const dayMs = 86_400_000;

/** `today`, `yesterday`, or the date. */
export const dayName = (at: string, lang: string, now: Date) => {
  const days = Math.round((Date.parse(dayOf(at)) - Date.parse(now.toDateString())) / dayMs);
  const name = days >= -1 && days <= 0 ? new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(days, 'day') : new Intl.DateTimeFormat(lang, { dateStyle: 'full' }).format(new Date(at));
  return name.charAt(0).toLocaleUpperCase(lang) + name.slice(1);
};

/** The heading above a notification: null while day and room stay the same. */
export const headingOf = (notice: Notice, before: Notice | undefined, lang: string, now: Date, room: (source: string) => string) =>
  before && dayOf(before.last_at) === dayOf(notice.last_at) && roomOf(before.source) === roomOf(notice.source) ? null : `${dayName(notice.last_at, lang, now)} · ${room(roomOf(notice.source))}`;
