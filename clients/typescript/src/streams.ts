import { SomaStreamError } from "./errors.js";
import { nextWait } from "./retry.js";
import { get, query, sleep, type Call, type CallOptions, type Transport } from "./transport.js";
import type { SessionEvent } from "./types.js";

/** @internal Every line of a stream without its end; the last one also when no end follows. */
export async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield rest.slice(0, rest[end - 1] === "\r" ? end - 1 : end);
      rest = rest.slice(end + 1);
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

/** @internal Every item of a list; pages are fetched as they are needed. */
export async function* pages<T>(transport: Transport, path: string, values: object, options?: CallOptions): AsyncGenerator<T, void, undefined> {
  let cursor: string | null | undefined;
  do {
    const page = await transport.json<{ data: T[]; next_cursor?: string | null }>(get(query(path, { ...values, cursor }), options));
    yield* page.data;
    cursor = page.next_cursor;
  } while (cursor);
}

/** @internal Server-sent events of one connection. An event that is not closed by an empty line is not complete and is left out. */
export async function* events(transport: Transport, call: Call): AsyncGenerator<SessionEvent, void, undefined> {
  let id = 0;
  let type = "message";
  let data: string[] = [];
  for await (const line of lines(transport.bytes(call))) {
    if (line === "") {
      if (data.length > 0) yield { id, type, data: JSON.parse(data.join("\n")) };
      type = "message";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data.push(value);
    else if (field === "event") type = value;
    else if (field === "id") id = Number(value);
  }
}

/**
 * @internal Opens the stream again after the last event seen, as often as the options allow without an event in between. A server ends a
 * stream cleanly only when it is complete, so anything else is a break to mend.
 */
export async function* resuming(transport: Transport, path: string, values: object, after: number, options?: CallOptions): AsyncGenerator<SessionEvent, void, undefined> {
  let attempt = 1;
  for (;;) {
    try {
      const call = { ...get(query(path, { ...values, after }), options), lastEventId: after > 0 ? after : undefined };
      for await (const event of events(transport, call)) {
        attempt = 1;
        after = Math.max(after, event.id);
        yield event;
      }
      return;
    } catch (failure) {
      // One that could not even be opened was repeated before and given up.
      if (!(failure instanceof SomaStreamError)) throw failure;
      const wait = nextWait(transport.retry, attempt++, {}, 0);
      if (wait === undefined) throw failure;
      await sleep(wait, options?.signal);
    }
  }
}
