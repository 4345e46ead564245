import { ask, get, query, write, type CallOptions, type Transport, type WriteOptions } from "./transport.js";
import type * as t from "./types.js";

/** What a session has in mind: bounded in tokens, the pinned stays. */
export class WorkingMemoryClient {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Most salient first. */
  async list(session: string, options?: CallOptions): Promise<t.WorkingItem[]> {
    return (await this.#transport.json<{ data: t.WorkingItem[] }>(get(query("/v1/wm", { session }), options))).data;
  }

  admit(request: t.AdmitRequest, options?: WriteOptions): Promise<t.Admitted> {
    return this.#transport.json(write("POST", "/v1/wm/admit", request, options));
  }

  recall(session: string, text: string, options?: CallOptions & { topK?: number }): Promise<t.WorkingRecollection> {
    return this.#transport.json(ask("/v1/wm/recall", { session_id: session, query: text, top_k: options?.topK }, options));
  }

  pin(session: string, id: string, options?: WriteOptions): Promise<t.WorkingItem> {
    return this.#transport.json(write("POST", "/v1/wm/pin", { session_id: session, id }, options));
  }

  unpin(session: string, id: string, options?: WriteOptions): Promise<t.WorkingItem> {
    return this.#transport.json(write("POST", "/v1/wm/unpin", { session_id: session, id }, options));
  }

  remove(session: string, id: string, options?: WriteOptions): Promise<void> {
    return this.#transport.nothing(write("DELETE", query(`/v1/wm/${encodeURIComponent(id)}`, { session }), undefined, options));
  }

  /** @returns how many items there were */
  async clear(session: string, options?: WriteOptions): Promise<number> {
    return (await this.#transport.json<{ cleared: number }>(write("POST", "/v1/wm/clear", { session_id: session }, options))).cleared;
  }

  status(session: string, options?: CallOptions): Promise<t.WorkingStatus> {
    return this.#transport.json(get(query("/v1/wm/status", { session }), options));
  }

  /** Makes an item a memory; the reason is kept with it. */
  promote(session: string, id: string, reason: string, options?: WriteOptions): Promise<t.Promoted> {
    return this.#transport.json(write("POST", "/v1/wm/promote", { session_id: session, id, reason }, options));
  }
}
