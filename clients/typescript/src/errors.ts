export interface Reason {
  code: string;
  message: string;
  rule?: string;
  version?: number;
  remedy?: string;
}

export interface FieldError {
  field: string;
  message: string;
}

/** A refusal of the server: `code` is stable and listed in docs/errors.md, the message is its public sentence. */
export class SomaError extends Error {
  override readonly name = "SomaError";
  readonly status: number;
  readonly code: string;
  readonly traceId: string | undefined;
  /** What the caller can do, in one sentence. */
  readonly remedy: string | undefined;
  /** Seconds, when the server said how long to wait. */
  readonly retryAfter: number | undefined;
  /** Which rules spoke; empty when none did. */
  readonly reasons: readonly Reason[];
  /** Which fields were not acceptable; empty when none were named. */
  readonly errors: readonly FieldError[];

  constructor(status: number, body: unknown, retryAfter: number | undefined) {
    const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, any>;
    super(String(problem["detail"] ?? problem["title"] ?? `The server refused with ${status}.`));
    this.status = status;
    this.code = String(problem["code"] ?? `http_${status}`);
    this.traceId = problem["trace_id"];
    this.remedy = problem["remedy"];
    this.retryAfter = retryAfter;
    this.reasons = problem["reasons"] ?? [];
    this.errors = problem["errors"] ?? [];
  }
}

/** The server could not be reached, or the connection broke; `cause` has what the platform said. */
export class SomaConnectionError extends Error {
  override readonly name: string = "SomaConnectionError";
}

/** The last attempt took too long. */
export class SomaTimeoutError extends SomaConnectionError {
  override readonly name = "SomaTimeoutError";
}

/** A stream that had begun broke. */
export class SomaStreamError extends SomaConnectionError {
  override readonly name = "SomaStreamError";
}
