import { MemoryClient } from "./memory.js";
import { OutboxClient } from "./outbox.js";
import { SessionsClient } from "./sessions.js";
import { get, Transport, type CallOptions } from "./transport.js";
import type { ConstitutionChecksum, ConstitutionVersion } from "./types.js";
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

/** Which constitution governs the caller's tenant. */
export class ConstitutionClient {
  readonly #transport: Transport;
  readonly #keep: number;
  #known: { version: ConstitutionVersion; readAt: number } | undefined;

  /** @internal */
  constructor(transport: Transport, keep: number) {
    this.#transport = transport;
    this.#keep = keep;
  }

  /** Kept for a while. A failed read is thrown, never answered with an old version. */
  async version(options?: CallOptions): Promise<ConstitutionVersion> {
    if (this.#known && performance.now() - this.#known.readAt < this.#keep * 1000) return this.#known.version;
    const version = await this.#transport.json<ConstitutionVersion>(get("/v1/constitution/version", options));
    this.#known = { version, readAt: performance.now() };
    return version;
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
