import { events, resuming } from "./streams.js";
import { get, write, type CallOptions, type Transport, type WriteOptions } from "./transport.js";
import type * as t from "./types.js";

/** Five minutes: a model may think for long. */
const modelPatience = 300;

/** Conversations under the constitution; docs/sessions.md. */
export class SessionsClient {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Starts a session and waits for the answer to its first message. */
  start(prompt: string, options?: WriteOptions & { persona?: string; model?: string }): Promise<t.Turn> {
    const body = { prompt, persona: options?.persona, model: options?.model, stream: false };
    return this.#transport.json({ ...write("POST", "/v1/sessions/start", body, options), patience: modelPatience });
  }

  send(session: string, text: string, options?: WriteOptions & { model?: string }): Promise<t.Turn> {
    const body = { text, model: options?.model, stream: false };
    return this.#transport.json({ ...write("POST", `${of(session)}/messages`, body, options), patience: modelPatience });
  }

  /** Starts a session (`session` undefined) or goes on with it, and yields its events until the turn has ended. Opened once: a repetition would be a second message. */
  stream(session: string | undefined, text: string, options?: CallOptions & { persona?: string; model?: string }): AsyncGenerator<t.SessionEvent, void, undefined> {
    const { persona, model, signal } = options ?? {};
    const [path, body] = session === undefined ? ["/v1/sessions/start", { prompt: text, persona, model, stream: true }] : [`${of(session)}/messages`, { text, model, stream: true }];
    return events(this.#transport, { method: "POST", path, body, repeats: false, patience: modelPatience, signal });
  }

  /**
   * Follows a session from the event after `after` on. A connection that breaks is opened again after the last event seen.
   * @param options `untilIdle` ends it when nothing is being answered; otherwise it goes on until it is aborted
   */
  follow(session: string, after: number, options?: CallOptions & { untilIdle?: boolean }): AsyncGenerator<t.SessionEvent, void, undefined> {
    return resuming(this.#transport, `${of(session)}/events`, { until: options?.untilIdle ? "idle" : undefined }, after, options);
  }

  get(session: string, options?: CallOptions): Promise<t.SessionDetail> {
    return this.#transport.json(get(of(session), options));
  }

  /** Ends the turn that is being answered; what was said is kept and marked. */
  cancel(session: string, options?: CallOptions): Promise<void> {
    return this.#transport.nothing({ method: "POST", path: `${of(session)}/cancel`, signal: options?.signal });
  }
}

const of = (session: string) => `/v1/sessions/${encodeURIComponent(session)}`;
