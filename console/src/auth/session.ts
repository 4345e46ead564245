import { useSyncExternalStore } from 'react';
import { callbackPath, finishSignIn, issuerOf, signInSilently, SignInError, type Tokens } from './oidc.ts';

export type SessionState =
  | { kind: 'starting' }
  | { kind: 'in' }
  | { kind: 'out'; expired: boolean }
  | { kind: 'elsewhere'; issuer: string }
  | { kind: 'insecure' }
  | { kind: 'unreachable' }
  | { kind: 'failed'; code: string; detail: string };

/** An access token lives in this variable and nowhere else (docs/decisions/0080). */
let current: Tokens | null = null;
let raised: Tokens | null = null;
let issuer = '';
let state: SessionState = { kind: 'starting' };
let renewing: Promise<boolean> | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

const earlyMs = 60_000;
const retryMs = 5_000;

const say = (next: SessionState) => {
  state = next;
  for (const listener of listeners) listener();
};

const keep = (tokens: Tokens) => {
  current = tokens;
  clearTimeout(timer);
  timer = setTimeout(() => void renew(), Math.max(retryMs, tokens.expiresAt - Date.now() - earlyMs));
  if (state.kind !== 'in') say({ kind: 'in' });
};

/** The token to send: one with a fresh second factor while it lasts. */
export const token = () => {
  if (raised && raised.expiresAt > Date.now()) return raised.token;
  raised = null;
  return current?.token ?? null;
};

/** Uses a token that proves a second factor until it is over. */
export const raise = (tokens: Tokens) => {
  raised = tokens;
};

/** Another token for the same browser session; false when it is over. Calls that come together wait for one renewal. */
export const renew = () => {
  raised = null;
  renewing ??= signInSilently(issuer)
    .then((tokens) => {
      keep(tokens);
      return true;
    })
    .catch((cause: unknown) => {
      // Only the server's own no ends the session. Silence does not: it may be restarting.
      if (cause instanceof SignInError) {
        current = null;
        say({ kind: 'out', expired: state.kind === 'in' });
      } else if (current) timer = setTimeout(() => void renew(), retryMs);
      return false;
    })
    .finally(() => {
      renewing = null;
    });
  return renewing;
};

const isLoopback = (host: string) => ['localhost', '127.0.0.1', '[::1]'].includes(host);

/** Finds out who is here. Returns where to go on, when a sign-in has just come back. */
export const start = async (): Promise<string | null> => {
  if (!globalThis.crypto?.subtle) {
    say({ kind: 'insecure' });
    return null;
  }
  try {
    issuer = await issuerOf();
  } catch {
    say({ kind: 'unreachable' });
    return null;
  }
  const home = new URL(issuer);
  if (home.origin !== location.origin) {
    // Two names of this very machine: the server answers to one of them.
    if (isLoopback(home.hostname) && isLoopback(location.hostname)) location.replace(home.origin + location.pathname + location.search);
    else say({ kind: 'elsewhere', issuer });
    return null;
  }
  try {
    if (location.pathname === callbackPath) {
      const { path, ...tokens } = await finishSignIn(issuer);
      keep(tokens);
      return path || '/';
    }
    keep(await signInSilently(issuer));
  } catch (cause) {
    if (cause instanceof SignInError && cause.code === 'login_required') say({ kind: 'out', expired: false });
    else if (cause instanceof SignInError && cause.code === 'not_begun') {
      const again = await renew();
      if (again) return '/';
      say({ kind: 'out', expired: false });
    } else if (cause instanceof SignInError) say({ kind: 'failed', code: cause.code, detail: cause.message });
    else say({ kind: 'unreachable' });
  }
  return null;
};

/** Ends the session in this browser and on the server; the cookie is revoked, not only forgotten. */
export const signOut = async () => {
  const access = current?.token;
  current = raised = null;
  clearTimeout(timer);
  if (access) await fetch('/v1/auth/revoke', { method: 'POST', body: new URLSearchParams({ client_id: 'soma-console', token: access }) }).catch(() => undefined);
  await fetch('/v1/auth/signout', { method: 'POST', credentials: 'same-origin' }).catch(() => undefined);
  say({ kind: 'out', expired: false });
};

export const useSession = () => useSyncExternalStore((listener) => (listeners.add(listener), () => listeners.delete(listener)), () => state);
