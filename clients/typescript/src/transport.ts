import { SomaConnectionError, SomaError, SomaStreamError, SomaTimeoutError } from "./errors.js";
import { nextWait, parseRetryAfter, type RetryOptions } from "./retry.js";
import { uuidv7 } from "./uuid.js";
import { version } from "./version.js";

/** For one call. */
export interface CallOptions {
  /** Cancels the call, its waits and what streams from it. */
  signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  /** 1 to 255 visible ASCII characters; a UUIDv7 of this call when absent. The same key and body is done once and answered the same for 24 hours. */
  idempotencyKey?: string;
}

/** @internal One logical call. Its idempotency key is the same for all its attempts. */
export interface Call {
  method: string;
  path: string;
  body?: unknown;
  /** A body that can be sent only once, in place of `body`. */
  stream?: ReadableStream<Uint8Array>;
  contentType?: string;
  idempotencyKey?: string | undefined;
  ifMatch?: string;
  /** The ETag that the caller holds; then 304 without a body is an answer too. */
  ifNoneMatch?: string | undefined;
  lastEventId?: number | undefined;
  signal?: AbortSignal | undefined;
  repeats?: boolean;
  /** Seconds, for calls that may well take longer than others, such as a model's answer. */
  patience?: number;
}

export interface TransportOptions {
  baseUrl: string;
  token: string;
  tenant: string | undefined;
  userAgent: string | undefined;
  attemptTimeout: number;
  retry: RetryOptions;
  fetch: typeof fetch;
}

interface Opened {
  response: Response;
  /** Unties the caller's signal from the stream. */
  release: () => void;
}

/** @internal Sends calls: headers, attempts with waits between them, refusals as exceptions. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async json<T>(call: Call): Promise<T> {
    return (await this.tagged<T>(call)).value;
  }

  /** The answer with its ETag. */
  async tagged<T>(call: Call): Promise<{ value: T; etag: string | null }> {
    const { response, text } = await this.#repeat(call, (left) => this.#whole(call, left));
    return { value: (text === "" ? undefined : JSON.parse(text)) as T, etag: response.headers.get("etag") };
  }

  /** The answer with its ETag, or undefined when the caller holds it already. */
  async changed<T>(call: Call): Promise<{ value: T; etag: string | null } | undefined> {
    const { response, text } = await this.#repeat(call, (left) => this.#whole(call, left));
    return response.status === 304 ? undefined : { value: JSON.parse(text) as T, etag: response.headers.get("etag") };
  }

  async nothing(call: Call): Promise<void> {
    await this.#repeat(call, (left) => this.#whole(call, left));
  }

  /** The bytes as they come. Leaving the loop closes the connection. */
  async *bytes(call: Call): AsyncGenerator<Uint8Array, void, undefined> {
    const { response, release } = await this.#repeat(call, (left) => this.#open(call, left));
    const reader = response.body!.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw call.signal?.aborted ? call.signal.reason : new SomaStreamError("The stream broke.", { cause: error });
        });
        if (done) return;
        yield value;
      }
    } finally {
      release();
      await reader.cancel().catch(() => undefined);
    }
  }

  get retry(): RetryOptions {
    return this.#options.retry;
  }

  async #repeat<T>(call: Call, attemptOnce: (left: number) => Promise<T>): Promise<T> {
    const retry = call.patience === undefined ? this.#options.retry : { ...this.#options.retry, deadline: call.patience };
    const attemptTimeout = call.patience ?? this.#options.attemptTimeout;
    const started = performance.now();
    const elapsed = () => (performance.now() - started) / 1000;
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptOnce(Math.min(attemptTimeout, retry.deadline - elapsed()));
      } catch (failure) {
        if (!(failure instanceof SomaError || failure instanceof SomaConnectionError) || call.repeats === false) throw failure;
        const wait = nextWait(retry, attempt, failure instanceof SomaError ? failure : {}, elapsed());
        if (wait === undefined) throw failure;
        await sleep(wait, call.signal);
      }
    }
  }

  async #whole(call: Call, left: number): Promise<{ response: Response; text: string }> {
    const { response, settle } = this.#start(call, left);
    try {
      const answer = await response;
      const text = await answer.text();
      if (!answer.ok && !(answer.status === 304 && call.ifNoneMatch !== undefined)) throw refusal(answer, text);
      return { response: answer, text };
    } catch (error) {
      throw settle(error);
    } finally {
      settle(undefined);
    }
  }

  async #open(call: Call, left: number): Promise<Opened> {
    const { response, settle, endTimer } = this.#start(call, left);
    try {
      const answer = await response;
      if (!answer.ok) throw refusal(answer, await answer.text());
      endTimer();
      return { response: answer, release: () => settle(undefined) };
    } catch (error) {
      const told = settle(error);
      throw told;
    }
  }

  #start(call: Call, left: number): { response: Promise<Response>; settle: (error: unknown) => unknown; endTimer: () => void } {
    const controller = new AbortController();
    let late = false;
    const cancel = () => controller.abort(call.signal!.reason);
    const timer = setTimeout(() => {
      late = true;
      controller.abort();
    }, Math.max(0, left * 1000));
    if (call.signal?.aborted) cancel();
    call.signal?.addEventListener("abort", cancel, { once: true });
    const settle = (error: unknown) => {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", cancel);
      if (error === undefined || error instanceof SomaError) return error;
      if (call.signal?.aborted) return call.signal.reason;
      if (late) return new SomaTimeoutError("The server did not answer in time.", { cause: error });
      return new SomaConnectionError("The server could not be reached.", { cause: error });
    };
    const body = call.stream ?? (call.body === undefined ? null : JSON.stringify(call.body));
    // A streamed body needs duplex, which the DOM's types do not know yet.
    const init: RequestInit & { duplex?: "half" } = { method: call.method, headers: this.#headers(call), body, signal: controller.signal };
    if (call.stream) init.duplex = "half";
    return { response: this.#options.fetch(this.#options.baseUrl + call.path, init), settle, endTimer: () => clearTimeout(timer) };
  }

  #headers(call: Call): Record<string, string> {
    const { token, tenant, userAgent } = this.#options;
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: "application/json, application/x-ndjson, text/event-stream",
      "user-agent": (userAgent === undefined ? "" : userAgent + " ") + `somastack-typescript/${version}`,
    };
    if (call.body !== undefined || call.stream) headers["content-type"] = call.contentType ?? "application/json";
    if (tenant !== undefined) headers["x-tenant-id"] = tenant;
    if (call.idempotencyKey !== undefined) headers["idempotency-key"] = call.idempotencyKey;
    if (call.ifMatch !== undefined) headers["if-match"] = call.ifMatch;
    if (call.ifNoneMatch !== undefined) headers["if-none-match"] = call.ifNoneMatch;
    if (call.lastEventId !== undefined) headers["last-event-id"] = String(call.lastEventId);
    return headers;
  }
}

/** @internal */
export const get = (path: string, options?: CallOptions): Call => ({ method: "GET", path, signal: options?.signal });

/** @internal A question that has a body; it writes nothing, so it needs no key. */
export const ask = (path: string, body: unknown, options?: CallOptions): Call => ({ method: "POST", path, body, signal: options?.signal });

/** @internal */
export const write = (method: string, path: string, body: unknown, options?: WriteOptions): Call => ({
  method, path, body, idempotencyKey: options?.idempotencyKey ?? uuidv7(), signal: options?.signal,
});

/** @internal A path with a query string; what is undefined is left out. */
export function query(path: string, values: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== null) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
}

/** @internal Waits unless it is cancelled. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

function refusal(response: Response, text: string): SomaError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // Not our server, or a proxy before it.
  }
  return new SomaError(response.status, body, parseRetryAfter(response.headers.get("retry-after"), new Date()));
}
