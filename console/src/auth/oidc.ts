import { challengeOf, randomText } from './pkce.ts';

export const clientId = 'soma-console';
export const callbackPath = '/console/callback';

const pendingKey = 'soma.signin';

type Pending = { state: string; verifier: string; path: string };
export type Tokens = { token: string; expiresAt: number };

/** How a sign-in went wrong, in the protocol's own words. */
export class SignInError extends Error {
  override readonly name = 'SignInError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const redirectUri = () => location.origin + callbackPath;

const request = async (path: string, extra: Record<string, string>) => {
  const pending: Pending = { state: randomText(), verifier: randomText(), path };
  const query = new URLSearchParams({
    response_type: 'code', client_id: clientId, redirect_uri: redirectUri(), scope: 'openid profile capabilities:all', state: pending.state, code_challenge: await challengeOf(pending.verifier), code_challenge_method: 'S256', ...extra,
  });
  return { pending, address: `/v1/auth/authorize?${query}` };
};

const exchange = async (answer: URLSearchParams, pending: Pending, issuer: string): Promise<Tokens> => {
  if (answer.get('state') !== pending.state || answer.get('iss') !== issuer) throw new SignInError('mixed_up', 'The answer does not belong to this question.');
  const error = answer.get('error');
  if (error) throw new SignInError(error, answer.get('error_description') ?? error);
  const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: clientId, code: answer.get('code') ?? '', redirect_uri: redirectUri(), code_verifier: pending.verifier });
  const response = await fetch('/v1/auth/token', { method: 'POST', body, cache: 'no-store' });
  const tokens = (await response.json()) as { access_token?: string; expires_in?: number; error?: string; error_description?: string };
  if (!tokens.access_token || !tokens.expires_in) throw new SignInError(tokens.error ?? 'no_token', tokens.error_description ?? 'The server sent no token.');
  return { token: tokens.access_token, expiresAt: Date.now() + tokens.expires_in * 1000 };
};

/** The server's own name for itself. Redirects and tokens only work under it. */
export const issuerOf = async (): Promise<string> => {
  const response = await fetch('/.well-known/openid-configuration');
  return ((await response.json()) as { issuer: string }).issuer;
};

/**
 * A new access token for whoever this browser is signed in as, without a page: the authorization is asked for with `prompt=none` and the
 * code is read from where the redirect ends. The browser adds its HttpOnly cookie; no script ever sees it.
 */
export const signInSilently = async (issuer: string): Promise<Tokens> => {
  const { pending, address } = await request('', { prompt: 'none' });
  const response = await fetch(address, { credentials: 'same-origin', cache: 'no-store' });
  return exchange(new URL(response.url).searchParams, pending, issuer);
};

/** Leaves for the sign-in page; it comes back to the callback and from there to `path`. */
export const leaveToSignIn = async (path: string) => {
  const { pending, address } = await request(path, {});
  sessionStorage.setItem(pendingKey, JSON.stringify(pending));
  location.assign(address);
};

/** Ends the way that {@link leaveToSignIn} began. */
export const finishSignIn = async (issuer: string): Promise<Tokens & { path: string }> => {
  const kept = sessionStorage.getItem(pendingKey);
  sessionStorage.removeItem(pendingKey);
  if (!kept) throw new SignInError('not_begun', 'This tab did not ask to sign in.');
  const pending = JSON.parse(kept) as Pending;
  return { ...(await exchange(new URLSearchParams(location.search), pending, issuer)), path: pending.path };
};
