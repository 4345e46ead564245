import { MemoryClient } from "./memory.js";
import { OutboxClient } from "./outbox.js";
import { SessionsClient } from "./sessions.js";
import { get, Transport, type CallOptions } from "./transport.js";
import type { Constitution, ConstitutionChecksum, ConstitutionVersion } from "./types.js";
import { WorkingMemoryClient } from "./working.js";

/** Times are seconds. */
export interface SomaClientOptions {
  /** May have a path of its own, e.g. behind a proxy. */
  baseUrl: string | URL;
  /** An access token or an API key. */
  token: string;
  /** Sent as `X-Tenant-ID` when set. The server takes the tenant from the token; this can only narrow it. */
  tenant?: string;
  /** 1 never repeats a call; 5 when it is not given. */
  maxAttempts?: number;
  /** For one call with all its attempts and waits, 60 when it is not given. Streams have it only until they open. */
  deadline?: number;
  /** For one attempt, 30 when it is not given; also cut by what is left of the deadline. */
  attemptTimeout?: number;
  /** How long a version of the constitution is taken as current; 30 when it is not given. */
  constitutionCache?: number;
  /** Put before the client's own `User-Agent`, e.g. `archive/2.1`. */
  userAgent?: string;
  fetch?: typeof fetch;
}

/** @internal One answer that is kept for a while and then asked for by its ETag. */
class Kept<T> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #keep: number;
  #known: { value: T; etag: string | null; readAt: number } | undefined;

  constructor(transport: Transport, path: string, keep: number) {
    this.#transport = transport;
    this.#path = path;
    this.#keep = keep;
  }

  async read(options?: CallOptions): Promise<T> {
    const known = this.#known;
    if (known && performance.now() - known.readAt < this.#keep * 1000) return known.value;
    const changed = await this.#transport.changed<T>({ ...get(this.#path, options), ifNoneMatch: known?.etag ?? undefined });
    const { value, etag } = changed ?? known!;
    this.#known = { value, etag, readAt: performance.now() };
    return value;
  }
}

/**
 * Which constitution governs the caller's tenant. Answers are kept for a while, then asked for by their ETag, which is the hash: one that
 * still governs is not sent again. A failed read is thrown, never answered with an old version.
 */
export class ConstitutionClient {
  readonly #transport: Transport;
  readonly #version: Kept<ConstitutionVersion>;
  readonly #whole: Kept<Constitution>;

  /** @internal */
  constructor(transport: Transport, keep: number) {
    this.#transport = transport;
    this.#version = new Kept(transport, "/v1/constitution/version", keep);
    this.#whole = new Kept(transport, "/v1/constitution", keep);
  }

  /** With its document. */
  get(options?: CallOptions): Promise<Constitution> {
    return this.#whole.read(options);
  }

  version(options?: CallOptions): Promise<ConstitutionVersion> {
    return this.#version.read(options);
  }

  /** Of the active document, computed anew by the server. */
  checksum(options?: CallOptions): Promise<ConstitutionChecksum> {
    return this.#transport.json(get("/v1/constitution/checksum", options));
  }
}

/** Talks to a SomaStack server. */
export class SomaClient {
  readonly memory: MemoryClient;
  readonly workingMemory: WorkingMemoryClient;
  readonly outbox: OutboxClient;
  readonly constitution: ConstitutionClient;
  readonly sessions: SessionsClient;

  constructor(options: SomaClientOptions) {
    const transport = new Transport({
      baseUrl: String(options.baseUrl).replace(/\/+$/, ""),
      token: options.token,
      tenant: options.tenant,
      userAgent: options.userAgent,
      attemptTimeout: options.attemptTimeout ?? 30,
      retry: { maxAttempts: options.maxAttempts ?? 5, base: 0.25, max: 8, deadline: options.deadline ?? 60, random: Math.random },
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    });
    this.memory = new MemoryClient(transport);
    this.workingMemory = new WorkingMemoryClient(transport);
    this.outbox = new OutboxClient(transport);
    this.constitution = new ConstitutionClient(transport, options.constitutionCache ?? 30);
    this.sessions = new SessionsClient(transport);
  }
}
