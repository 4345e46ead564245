import type { Schemas } from '~/api/client.ts';

export type Notice = Schemas['NotificationView'];
export type Counts = Schemas['InboxCounts'];
export type Mute = Schemas['Mute'];

type Told = Omit<Notice, 'muted'>;
type Update = Pick<Notice, 'id' | 'sequence' | 'count' | 'last_at' | 'resolved_at' | 'resolution' | 'acknowledged_by' | 'snoozed_until'> & { read: boolean | null; acknowledged: boolean | null; attention: boolean | null };

/** One message of the feed, as docs/notifications-live.md has it. */
export type Frame =
  | { type: 'hello'; cursor: number; data: { counts: Counts; heartbeat_seconds: number; expires_at: string | null } }
  | { type: 'notification'; cursor: number; data: Told }
  | { type: 'update'; cursor?: undefined; data: Update }
  | { type: 'reload'; cursor?: undefined; data: unknown }
  | { type: 'counts'; cursor?: undefined; data: Counts }
  | { type: 'heartbeat'; cursor: number; data: unknown }
  | { type: 'token'; cursor?: undefined; data: { expires_at: string | null } }
  | { type: 'error'; cursor?: undefined; data: { code: string; detail: string } };

/** The cursor to resume from: the highest that was seen. */
export const cursorAfter = (cursor: number | null, frame: Frame) => (frame.cursor === undefined ? cursor : Math.max(cursor ?? 0, frame.cursor));

/** A feed's frame is the same for everybody, so what this person muted is worked out here. */
export const isMuted = (notice: Told, mutes: readonly Mute[], now: number) => {
  const values: Record<string, string | null> = { group: notice.group, kind: notice.kind, source: notice.source };
  return mutes.some((mute) => values[mute.scope] === mute.value && (mute.until === null || Date.parse(mute.until) > now));
};

/** The newest ones after a frame: each once, highest sequence first, no more than `max`. */
export const withFrame = (list: readonly Notice[], frame: Frame, mutes: readonly Mute[], max: number, now: number): readonly Notice[] => {
  if (frame.type === 'notification')
    return [{ ...frame.data, muted: isMuted(frame.data, mutes, now) }, ...list.filter((one) => one.id !== frame.data.id)].sort((a, b) => b.sequence - a.sequence).slice(0, max);
  if (frame.type !== 'update') return list;
  const { read, acknowledged, attention, snoozed_until, ...shared } = frame.data;
  // Null is "not this person's own change"; what is over waits for nobody, whoever ended it.
  return list.map((one) =>
    one.id !== shared.id ? one : { ...one, ...shared, read: read ?? one.read, acknowledged: acknowledged ?? one.acknowledged, snoozed_until: read === null ? one.snoozed_until : snoozed_until, attention: shared.resolved_at ? false : (attention ?? one.attention) });
};

const freshMs = 60_000;

/** Worth an interruption: everything was stopped, or the answer came that this person waits for. What came while he was away is not. */
export const blocks = (notice: Told, now: number) =>
  now - Date.parse(notice.last_at) < freshMs && !notice.read && ((notice.severity === 'critical' && notice.attention) || (notice.group === 'approvals/mine' && notice.metadata.decision !== undefined));

const firstMs = 500;
const longestMs = 30_000;

/** How long to wait before the next try to connect; `random` (0 to 1) keeps many consoles from coming back at once. */
export const waitMs = (tries: number, random: number) => Math.min(longestMs, firstMs * 2 ** Math.min(tries, 10)) * (0.5 + random / 2);

export type Place = { to: string; search?: Record<string, string> } | { href: string };

const places: readonly (readonly [RegExp, (id: string) => Place])[] = [
  [/^\/approvals\/([\w-]+)$/, (id) => ({ to: '/inbox', search: { state: 'all', id } })],
  [/^\/(?:killswitch|kill-switch|stop)$/, () => ({ to: '/stop' })],
  [/^\/account$/, () => ({ to: '/setup' })],
  [/^\/billing$/, () => ({ to: '/usage', search: { tab: 'anomalies' } })],
  [/^\/billing\/limits/, () => ({ to: '/usage', search: { tab: 'limits' } })],
  [/^\/benchmarks\/runs\/([\w-]+)$/, (id) => ({ to: '/benchmarks', search: { tab: 'runs', run: id } })],
  [/^\/benchmarks\/(?:promotions|suggestions)/, () => ({ to: '/benchmarks', search: { tab: 'suggestions' } })],
];

/** Where a notification leads: a screen that is there, another site over https, or nowhere. */
export const placeOf = (link: string | null, isScreen: (path: string) => boolean): Place | null => {
  if (!link) return null;
  if (link.startsWith('https://')) return { href: link };
  for (const [pattern, place] of places) {
    const match = pattern.exec(link);
    if (match) return place(match[1] ?? '');
  }
  return isScreen(link) ? { to: link } : null;
};

export const snoozes = ['hour', 'tomorrow', 'monday'] as const;
export type Snooze = (typeof snoozes)[number];

const morning = 9;
const hourMs = 3_600_000;

/** The end of a snooze: in an hour, or at nine by this browser's clock. */
export const snoozeUntil = (choice: Snooze, now: Date) => {
  if (choice === 'hour') return new Date(now.getTime() + hourMs);
  const days = choice === 'tomorrow' ? 1 : ((8 - now.getDay()) % 7 || 7);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, morning);
};

/** `somastack.approvals.proposed.v1` comes from the room of approvals; everything else is as it is named. */
export const roomOf = (source: string) => /^somastack\.([^.]+)\./.exec(source)?.[1] ?? source;

/** Told by the platform itself, and not because somebody asks. */
export const isSystem = (notice: Notice) => notice.source.startsWith('somastack.') && notice.kind !== 'review' && roomOf(notice.source) !== 'approvals';
