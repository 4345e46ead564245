import { EventSourceParserStream } from 'eventsource-parser/stream';
import { call } from './client.ts';

export type ServerEvent = { id: number; type: string; data: unknown };

/** Server-sent events of a request that may be a POST; ends when the server ends it or the signal says so. */
export async function* readEvents(request: Request, onOpen?: () => void): AsyncGenerator<ServerEvent> {
  const response = await call(request);
  onOpen?.();
  const events = response.body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>).pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield { id: Number(value.id ?? 0), type: value.event ?? 'message', data: JSON.parse(value.data) };
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
