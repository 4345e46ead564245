import { lines, pages } from "./streams.js";
import { ask, get, query, write, type CallOptions, type Transport, type WriteOptions } from "./transport.js";
import type * as t from "./types.js";

/** Ten minutes: an import may be long. */
const importPatience = 600;

/**
 * What is remembered. Every write carries an idempotency key, one for all attempts of the call, so that a repetition never writes twice;
 * name the key yourself to make the call itself repeatable.
 */
export class MemoryClient {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  remember(request: t.RememberRequest, options?: WriteOptions): Promise<t.Remembered> {
    return this.#transport.json(write("POST", "/v1/remember", request, options));
  }

  /** 1 to 256 items in one transaction, all or none. */
  rememberMany(items: t.RememberRequest[], options?: WriteOptions & { namespace?: string }): Promise<t.RememberedBatch> {
    return this.#transport.json(write("POST", "/v1/remember/batch", { items, namespace: options?.namespace }, options));
  }

  recall(request: t.RecallRequest, options?: CallOptions): Promise<t.Recollection> {
    return this.#transport.json(ask("/v1/recall", request, options));
  }

  /** What is known about a question, packed into a context with citations. */
  retrieve(request: t.RagRequest, options?: WriteOptions): Promise<t.Retrieval> {
    return this.#transport.json(request.persist ? write("POST", "/v1/rag/retrieve", request, options) : ask("/v1/rag/retrieve", request, options));
  }

  link(request: t.LinkRequest, options?: WriteOptions): Promise<t.Linked> {
    return this.#transport.json(write("POST", "/v1/link", request, options));
  }

  unlink(link: string, options?: WriteOptions): Promise<void> {
    return this.#transport.nothing(write("DELETE", `/v1/link/${encodeURIComponent(link)}`, undefined, options));
  }

  neighbors(request: t.NeighborsQuery, options?: CallOptions): Promise<t.Neighbors> {
    return this.#transport.json(get(query("/v1/graph/neighbors", request), options));
  }

  /** @param maxLength 1 to 10 links */
  path(from: string, to: string, options?: CallOptions & { maxLength?: number }): Promise<t.GraphPath> {
    return this.#transport.json(get(query("/v1/graph/path", { from, to, max_length: options?.maxLength }), options));
  }

  /** Refused with 404 `memory_unknown` when there is none, or it is not yours. */
  async get(id: string, options?: CallOptions): Promise<t.Memory> {
    return withTag(await this.#transport.tagged<t.Memory>(get(of(id), options)));
  }

  /** Every memory of a namespace, newest first; pages are fetched as they are needed. */
  list(options?: CallOptions & { namespace?: string; pageSize?: number }): AsyncGenerator<t.Memory, void, undefined> {
    return pages(this.#transport, "/v1/memory", { namespace: options?.namespace, limit: options?.pageSize }, options);
  }

  /** Every version, newest first. */
  history(id: string, options?: CallOptions & { pageSize?: number }): AsyncGenerator<t.MemoryVersion, void, undefined> {
    return pages(this.#transport, of(id) + "/history", { limit: options?.pageSize }, options);
  }

  /** @param ifMatch the `etag` of the memory as it was read; 412 `version_mismatch` when somebody changed it since */
  async update(id: string, patch: t.MemoryPatch, ifMatch: string, options?: WriteOptions): Promise<t.Memory> {
    return withTag(await this.#transport.tagged<t.Memory>({ ...write("PATCH", of(id), patch, options), ifMatch }));
  }

  /** Makes what an earlier version held a new version. */
  async restore(id: string, version: number, options?: WriteOptions): Promise<t.Memory> {
    return withTag(await this.#transport.tagged<t.Memory>(write("POST", of(id) + "/restore", { version }, options)));
  }

  /** Erases the content for good. */
  delete(id: string, options?: WriteOptions): Promise<void> {
    return this.#transport.nothing(write("DELETE", of(id), undefined, options));
  }

  /** Looks into every part of the server for what is left of an erased memory. */
  erasure(id: string, options?: CallOptions): Promise<t.Erasure> {
    return this.#transport.json(get(of(id) + "/erasure", options));
  }

  forget(request: t.ForgetRequest, options?: WriteOptions): Promise<t.ForgetReport> {
    return this.#transport.json(write("POST", "/v1/memory/forget", request, options));
  }

  /** A namespace as objects, read while they arrive. `import` takes them as they are. */
  async *export(options?: CallOptions & { namespace?: string }): AsyncGenerator<t.Json, void, undefined> {
    for await (const line of lines(this.#transport.bytes(get(query("/v1/memory/export", { namespace: options?.namespace }), options))))
      if (line !== "") yield JSON.parse(line);
  }

  /** Sends the objects while they are read. Sent once: importing the same again changes nothing, so repeat the call after a failure. */
  import(items: AsyncIterable<t.Json> | Iterable<t.Json>, options?: CallOptions): Promise<t.ImportReport> {
    return this.#transport.json({
      method: "POST", path: "/v1/memory/import", stream: ndjson(items), contentType: "application/x-ndjson", repeats: false, patience: importPatience, signal: options?.signal,
    });
  }

  /** What was read from a memory. */
  facts(id: string, options?: CallOptions): Promise<t.MemoryFacts> {
    return this.#transport.json(get(of(id) + "/facts", options));
  }

  /** What is known of a subject, newest first; pages are fetched as they are needed. */
  findFacts(request: t.FactsQuery, options?: CallOptions & { pageSize?: number }): AsyncGenerator<t.Fact, void, undefined> {
    return pages(this.#transport, "/v1/facts", { ...request, limit: options?.pageSize }, options);
  }

  /** Puts a memory under legal hold: it is neither erased nor does it expire. The reason stays in the journal. */
  hold(id: string, reason: string, options?: WriteOptions): Promise<t.HoldState> {
    return this.#transport.json(write("POST", of(id) + "/hold", { reason }, options));
  }

  release(id: string, reason: string, options?: WriteOptions): Promise<t.HoldState> {
    return this.#transport.json(write("DELETE", query(of(id) + "/hold", { reason }), undefined, options));
  }
}

const of = (id: string) => `/v1/memory/${encodeURIComponent(id)}`;

function withTag({ value, etag }: { value: t.Memory; etag: string | null }): t.Memory {
  return etag === null ? value : { ...value, etag };
}

function ndjson(items: AsyncIterable<t.Json> | Iterable<t.Json>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(JSON.stringify(next.value) + "\n"));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
