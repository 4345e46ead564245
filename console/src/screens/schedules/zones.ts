/** The reader's own zone, as the browser knows it. */
export const ownZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** All that the browser knows; the server has the last word. */
export const zones = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** A time on the clock of a zone; null where the browser does not know the zone. */
export const onClock = (time: string, lang: string, zone?: string): string | null => {
  try {
    return new Intl.DateTimeFormat(lang, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: zone, timeZoneName: 'short' }).format(new Date(time));
  } catch {
    return null;
  }
};
