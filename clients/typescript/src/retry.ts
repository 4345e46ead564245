/** Seconds throughout. */
export interface RetryOptions {
  /** 1 or more; 1 never repeats a call. */
  maxAttempts: number;
  /** The wait before the second attempt is drawn from 0 to this, then from 0 to twice this, and so on. */
  base: number;
  /** No wait is drawn from beyond this; a Retry-After comes on top. */
  max: number;
  /** For one call with all its attempts and waits. */
  deadline: number;
  /** Draws from 0 (included) to 1 (excluded). */
  random: () => number;
}

/** `status` undefined: there was no answer. */
export interface Outcome {
  status?: number | undefined;
  code?: string | undefined;
  retryAfter?: number | undefined;
}

const passing = new Set([408, 429, 502, 503, 504]);

/** Refusals that last until a person acts, though their status is one that usually passes. */
const lasting = new Set(["kill_switch_engaged", "constitution_missing", "constitution_unverified", "budget_exhausted"]);

const retryAfterMax = 86_400;

/**
 * Whether and when a call is repeated, pure. The wait is drawn evenly from 0 to a bound that doubles ("full jitter": Brooker, Exponential
 * Backoff and Jitter, AWS 2015); what Retry-After says comes before it. clients/scenario/retry.json holds the cases that all clients share.
 * @param attempt how many attempts were made, from 1
 * @returns seconds to wait before the next attempt; undefined when there is none
 */
export function nextWait(options: RetryOptions, attempt: number, outcome: Outcome, elapsed: number): number | undefined {
  if (attempt >= options.maxAttempts || !passes(outcome)) return undefined;
  const bound = Math.min(options.max, options.base * 2 ** (attempt - 1));
  const wait = (outcome.retryAfter ?? 0) + options.random() * bound;
  return elapsed + wait < options.deadline ? wait : undefined;
}

/** @param value seconds or an HTTP date */
export function parseRetryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value), retryAfterMax);
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now.getTime()) / 1000);
}

function passes(outcome: Outcome): boolean {
  if (outcome.status === undefined) return true;
  if (outcome.status === 409) return outcome.code === "idempotency_running";
  return passing.has(outcome.status) && !lasting.has(outcome.code ?? "");
}
