import { pages } from "./streams.js";
import { get, write, type CallOptions, type Transport, type WriteOptions } from "./transport.js";
import type * as t from "./types.js";

/** For clients that were offline: hands over what they kept, in order, once in effect. */
export class OutboxClient {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Sending the same ids again is harmless: they are counted as duplicates. */
  submit(items: t.OutboxItem[], options?: WriteOptions): Promise<t.OutboxAccepted> {
    return this.#transport.json(write("POST", "/v1/outbox", { items }, options));
  }

  /** In the order of acceptance. */
  list(options?: CallOptions & { state?: t.OutboxEntry["state"]; pageSize?: number }): AsyncGenerator<t.OutboxEntry, void, undefined> {
    return pages(this.#transport, "/v1/outbox", { state: options?.state, limit: options?.pageSize }, options);
  }

  status(options?: CallOptions): Promise<t.OutboxStatus> {
    return this.#transport.json(get("/v1/outbox/status", options));
  }

  deadLetters(options?: CallOptions & { pageSize?: number }): AsyncGenerator<t.DeadLetter, void, undefined> {
    return pages(this.#transport, "/v1/outbox/dead-letters", { limit: options?.pageSize }, options);
  }

  /** Queues a refused write again. */
  replay(itemId: string, options?: CallOptions): Promise<t.OutboxEntry> {
    return this.#transport.json(write("POST", `/v1/outbox/dead-letters/${encodeURIComponent(itemId)}/replay`, undefined, options));
  }
}
