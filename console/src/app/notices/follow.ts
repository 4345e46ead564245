import { token } from '~/auth/session.ts';
import { serverNow } from '../clock.ts';
import { cursorAfter, waitMs, type Frame } from './fold.ts';
import { setLive } from './live.ts';

/** Before a credential ends, and after the session has taken a newer one by itself. */
const renewMs = 45_000;
/** An end that is told again and again, whatever the clocks say, is no reason to hurry. */
const leastMs = 5_000;
const timerMaxMs = 2_147_483_647;

/**
 * Follows one's own notifications over a WebSocket and resumes where it broke off. The browser's session opens it, since a page can give
 * a WebSocket no header; a newer token is handed over before that credential ends.
 * @returns ends it.
 */
export const follow = (tenant: string, onFrame: (frame: Frame) => void) => {
  let socket: WebSocket | null = null;
  let cursor: number | null = null;
  let tries = 0;
  let silentMs = 0;
  let ended = false;
  let next: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;

  const stayAwake = () => {
    clearTimeout(watchdog);
    if (silentMs) watchdog = setTimeout(() => socket?.close(), silentMs);
  };
  const renewBefore = (expiresAt: string | null) => {
    clearTimeout(renewal);
    if (!expiresAt) return;
    const inMs = Date.parse(expiresAt) - serverNow() - renewMs;
    if (inMs > timerMaxMs) return;
    renewal = setTimeout(() => {
      const access = token();
      if (access && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'token', token: access }));
    }, Math.max(leastMs, inMs));
  };
  const take = (frame: Frame) => {
    cursor = cursorAfter(cursor, frame);
    if (frame.type === 'hello') {
      tries = 0;
      silentMs = frame.data.heartbeat_seconds * 2000;
      setLive(true);
    }
    if (frame.type === 'hello' || frame.type === 'token') renewBefore(frame.data.expires_at);
    stayAwake();
    onFrame(frame);
  };
  const connect = () => {
    const url = new URL(`/ws/notifications/${encodeURIComponent(tenant)}?${cursor === null ? 'history=0' : `cursor=${cursor}`}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    socket = new WebSocket(url);
    const mine = socket;
    mine.onmessage = (event: MessageEvent<string>) => mine === socket && take(JSON.parse(event.data) as Frame);
    mine.onclose = () => {
      if (mine !== socket || ended) return;
      setLive(false);
      for (const timer of [watchdog, renewal]) clearTimeout(timer);
      next = setTimeout(connect, waitMs(tries++, Math.random()));
    };
  };
  connect();
  return () => {
    ended = true;
    for (const timer of [next, watchdog, renewal]) clearTimeout(timer);
    setLive(false);
    socket?.close();
  };
};
