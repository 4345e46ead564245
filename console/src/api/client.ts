import createClient from 'openapi-fetch';
import { renew, token } from '~/auth/session.ts';
import { hearServerTime } from '~/app/clock.ts';
import { setReached } from '~/app/reach.ts';
import { problemOf, UnreachableError } from './problem.ts';
import type { components, paths } from './schema.d.ts';

export type Schemas = components['schemas'];

const unauthenticated = 401;

const send = async (request: Request, access: string | null) => {
  const headers = new Headers(request.headers);
  headers.set('X-Client-Type', 'web');
  if (access) headers.set('Authorization', `Bearer ${access}`);
  const sent = Date.now();
  try {
    const response = await fetch(new Request(request, { headers, credentials: 'omit', cache: 'no-store' }));
    setReached(true);
    hearServerTime(response.headers.get('Date'), sent, Date.now());
    return response;
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    setReached(false);
    throw new UnreachableError('The server did not answer.', { cause });
  }
};

/**
 * Every call of the console to its server: with the access token, and once more with a new one when the old one is over. A refusal is
 * thrown as a {@link ProblemError}, silence as an {@link UnreachableError}.
 */
export const call = async (input: Request): Promise<Response> => {
  const again = input.clone();
  let response = await send(input, token());
  if (response.status === unauthenticated && (await renew())) response = await send(again, token());
  if (!response.ok) throw await problemOf(response);
  return response;
};

/** Typed by docs/openapi.json. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: call });

/** The body of an answer that was not refused. */
export const bodyOf = async <T>(answer: Promise<{ data?: T }>): Promise<T> => (await answer).data as T;

/** One intention, one key: pressing twice or trying again never acts twice. */
export const newKey = () => crypto.randomUUID();
