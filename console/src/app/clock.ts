/** What a header of whole seconds and a slow answer can be off by; less is no difference. */
const exactMs = 2_000;
/** From here on it is said: a code of an authenticator would fail, and times of this device mislead. */
export const noticeMs = 60_000;

let ahead = 0;
const listeners = new Set<() => void>();

/** Takes the server's `Date` of an answer that was asked for at `sent` and came at `got`, both by this device. */
export const hearServerTime = (date: string | null, sent: number, got: number) => {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) return;
  // The header cuts its second off, so the middle of it is meant.
  const difference = (sent + got) / 2 - (told + 500);
  const next = Math.abs(difference) <= exactMs + (got - sent) / 2 ? 0 : difference;
  if (Math.abs(next - ahead) <= exactMs) return;
  ahead = next;
  for (const listener of listeners) listener();
};

/** By how much this device is ahead of the server; negative when it is behind. */
export const aheadMs = () => ahead;

export const onAhead = (listener: () => void) => (listeners.add(listener), () => void listeners.delete(listener));

/** Now, by the server. Everything that has an end has it by this clock. */
export const serverNow = () => Date.now() - ahead;
