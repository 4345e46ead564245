import type { components } from './schema.d.ts';

export type Problem = components['schemas']['Problem'];
export type ProblemReason = { code: string; message: string; remedy?: string | null };

/** A refusal of the server, with its stable code, what to do, the trace and, for a missing right, its name. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly problem: Problem,
    readonly capability: string | null,
    readonly retryAfterSeconds: number | null,
  ) {
    super(problem.detail);
  }

  get code() {
    return this.problem.code;
  }

  get status() {
    return this.problem.status;
  }

  get reasons() {
    return (this.problem.reasons ?? []) as unknown as readonly ProblemReason[];
  }
}

/** No answer at all: the server is down, restarting or out of reach. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const scopeIn = (header: string | null) => /error="insufficient_scope", scope="([^"]+)"/.exec(header ?? '')?.[1] ?? null;

/** The refusal in an answer, also where something on the way answered in the server's place. */
export const problemOf = async (response: Response): Promise<ProblemError> => {
  const wait = Number(response.headers.get('Retry-After'));
  const trace = response.headers.get('traceparent')?.split('-')[1] ?? '';
  const body: unknown = await response.json().catch(() => null);
  const known = typeof body === 'object' && body !== null && 'code' in body ? (body as Problem) : null;
  const problem = known ?? { type: 'about:blank', title: response.statusText || `HTTP ${response.status}`, status: response.status, detail: 'The answer was no problem of this server.', code: 'unknown_answer', remedy: 'Try again; if it stays, look at what stands between the browser and the server.', trace_id: trace };
  return new ProblemError(problem, scopeIn(response.headers.get('WWW-Authenticate')), Number.isFinite(wait) && wait > 0 ? wait : null);
};
