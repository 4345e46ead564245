import { readEvents } from '~/api/events.ts';

/** Without an Idempotency-Key: an answer that is kept for one is held back until it is whole. */
const post = (path: string, body: unknown) => new Request(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

/** Reads until the server has written the turn down; the thread's own stream shows the rest. Going away ends nothing. */
const untilRecorded = async (request: Request): Promise<string> => {
  for await (const event of readEvents(request)) {
    const session = (event.data as { session_id?: string }).session_id;
    if (session) return session;
  }
  throw new Error('The server ended the stream before it said anything.');
};

export const startSession = (prompt: string, persona: string | undefined) => untilRecorded(post('/v1/sessions/start', { prompt, persona, stream: true }));

/** @param parent the turn that it follows, `noTurn` for none; without one it follows the newest */
export const sendMessage = (session: string, text: string, parent?: string) => untilRecorded(post(`/v1/sessions/${session}/messages`, { text, stream: true, parent_turn: parent }));
