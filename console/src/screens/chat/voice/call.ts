import { MicrophoneError, openMicrophone } from './capture.ts';
import { openDetector, type Detector } from './detector.ts';
import { levelOf, wavOf } from './pcm.ts';
import { Player } from './player.ts';
import { closedView, fold, type Mode, type ServerFrame, type VoiceView } from './protocol.ts';

/** Kept before speech is noticed, so that its first sound is not cut: 600 ms, for the detector may be late on a busy machine. */
const framesBefore = 30;
/** More is not drawn: a minute, the server's longest utterance. */
const framesKept = 3_000;

export type Wish = { session: string | undefined; persona: string | undefined; language: string; mode: Mode; device: string | null; speak: boolean; keep: boolean };

/** One conversation by voice: microphone, detector, connection and loudspeaker, and what is known of them. */
export class VoiceCall {
  private view: VoiceView = closedView;
  private readonly listeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private closeMicrophone: (() => void) | null = null;
  private detector: Detector | null = null;
  private readonly player = new Player(() => this.put({ playing: this.player.playing, played: this.player.played }));
  private speechRate = 0;
  private deaf = true;
  /** Until the server says idle, what it speaks was interrupted. */
  private interrupted = false;
  private sending = false;
  private before: Int16Array[] = [];
  private said: Int16Array[] = [];
  private wish: Wish | null = null;
  /** Which opening this is: what belongs to an older one is let go. */
  private opening = 0;
  /** The loudness of the last 20 ms, from 0 to 1. */
  level = 0;
  /** What was said last, as a WAV file in this page's memory. */
  utterance: Blob | null = null;

  readonly get = () => this.view;

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  get mode() {
    return this.wish?.mode ?? 'push_to_talk';
  }

  /** Whoever calls this was asked and has agreed to be heard. */
  async open(wish: Wish) {
    this.close();
    const mine = ++this.opening;
    this.wish = wish;
    this.put({ ...closedView, phase: 'connecting', session: wish.session ?? null });
    try {
      const close = await openMicrophone(wish.device, (pcm) => this.hear(pcm), () => this.fail(new MicrophoneError('missing')));
      if (mine !== this.opening) return close();
      this.closeMicrophone = close;
      const detector = wish.mode === 'hands_free' ? await openDetector((turn) => (turn === 'start' ? this.talk() : this.done())) : null;
      if (mine !== this.opening) return detector?.close();
      this.detector = detector;
      this.connect(wish);
    } catch (cause) {
      if (mine === this.opening) this.fail(cause);
    }
  }

  /** Speech begins: by a finger, a key or the detector. It ends whatever is being said to the speaker. */
  talk() {
    if (this.view.phase !== 'open' || this.sending) return;
    if (this.view.state !== 'idle' || this.player.playing) this.interrupt();
    this.sending = true;
    this.said = [];
    for (const pcm of this.before.splice(0)) this.send(pcm);
  }

  /** Speech has ended. */
  done() {
    if (!this.sending) return;
    this.sending = false;
    this.say({ type: 'end_of_speech' });
    this.utterance = this.said.length > 0 ? wavOf(this.said) : null;
    this.said = [];
  }

  /** Stops what is said now; the answer goes on as text when that is wanted. */
  interrupt() {
    this.deaf = true;
    this.player.stop();
    if (this.view.state === 'idle') return;
    this.interrupted = true;
    this.say({ type: 'interrupt', answer: this.wish?.keep ? 'keep' : 'cancel' });
    // Its own word for it comes in a moment; until then nothing is to be dropped here.
    this.put({ state: 'idle' });
  }

  keep(keep: boolean) {
    if (this.wish) this.wish = { ...this.wish, keep };
  }

  close() {
    this.opening++;
    this.sending = false;
    this.interrupted = false;
    this.deaf = true;
    this.before = [];
    this.level = 0;
    this.closeMicrophone?.();
    this.closeMicrophone = null;
    this.detector?.close();
    this.detector = null;
    this.player.close();
    const socket = this.socket;
    this.socket = null;
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'stop' }));
    socket?.close();
    if (this.view.phase !== 'closed') this.put({ phase: 'closed', state: 'idle', playing: false });
  }

  private connect(wish: Wish) {
    const url = new URL('/v1/audio/stream', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => this.say({ type: 'start', consent: true, mode: wish.mode, language: wish.language, sample_rate: 16_000, session: wish.session ?? null, persona: wish.session ? null : (wish.persona ?? null), speak: wish.speak, on_interrupt: wish.keep ? 'keep' : 'cancel' });
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      if (typeof data === 'string') this.take(JSON.parse(data) as ServerFrame);
      else if (!this.deaf) this.player.add(data, this.speechRate);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      const problem = this.view.problem;
      this.close();
      this.put({ problem, lost: problem === null });
    };
  }

  private take(frame: ServerFrame) {
    if (frame.type === 'speech') this.speechRate = frame.sample_rate;
    if (frame.type === 'state') {
      if (frame.state === 'idle') this.interrupted = false;
      else if (this.interrupted) return;
      this.deaf = frame.state !== 'speaking';
    }
    this.view = fold(this.view, frame);
    this.tell();
  }

  private hear(pcm: Int16Array) {
    this.level = levelOf(pcm);
    this.detector?.hear(pcm);
    if (this.sending) return this.send(pcm);
    // A finger comes when it comes; only the detector is late.
    if (!this.detector) return;
    this.before.push(pcm);
    if (this.before.length > framesBefore) this.before.shift();
  }

  private send(pcm: Int16Array) {
    if (this.said.length < framesKept) this.said.push(pcm);
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(pcm);
  }

  private say(message: object) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private fail(cause: unknown) {
    this.close();
    this.put({ microphone: cause instanceof MicrophoneError ? cause.fault : 'failed' });
  }

  private put(change: Partial<VoiceView>) {
    this.view = { ...this.view, ...change };
    this.tell();
  }

  private tell() {
    for (const listener of this.listeners) listener();
  }
}
