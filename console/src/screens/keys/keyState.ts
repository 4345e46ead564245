import type { Schemas } from '~/api/client.ts';
import { serverNow } from '~/app/clock.ts';

export type ApiKey = Schemas['ApiKeyView'];

/** As the server counts it: revoked before expired before active. */
export const keyStateOf = (key: Pick<ApiKey, 'revoked_at' | 'expires_at'>, now = serverNow()) => (key.revoked_at ? 'revoked' : key.expires_at && Date.parse(key.expires_at) <= now ? 'expired' : 'active');

const dayMs = 86_400_000;

/** An end so many days from now; null for a key without one. */
export const endOf = (days: number | null, now = serverNow()) => (days === null ? null : new Date(now + days * dayMs).toISOString());
