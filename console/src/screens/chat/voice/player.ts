import { fromPcm } from './pcm.ts';

/** So much later than now the first piece begins, that the next is there when it ends. */
const leadSeconds = 0.08;

/** Plays speech as it comes, one piece behind the other, and stops at once. */
export class Player {
  private audio: AudioContext | null = null;
  private readonly pieces = new Set<AudioBufferSourceNode>();
  private until = 0;
  /** Seconds that were heard to their end. */
  played = 0;

  constructor(private readonly onChange: () => void) {}

  get playing() {
    return this.pieces.size > 0;
  }

  add(bytes: ArrayBuffer, rate: number) {
    const samples = fromPcm(new Int16Array(bytes));
    if (samples.length === 0) return;
    this.audio ??= new AudioContext();
    void this.audio.resume().catch(() => undefined);
    const buffer = this.audio.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const piece = this.audio.createBufferSource();
    piece.buffer = buffer;
    piece.connect(this.audio.destination);
    const at = Math.max(this.until, this.audio.currentTime + leadSeconds);
    this.until = at + buffer.duration;
    this.pieces.add(piece);
    piece.onended = () => {
      if (!this.pieces.delete(piece)) return;
      this.played += buffer.duration;
      this.onChange();
    };
    piece.start(at);
    this.onChange();
  }

  /** Forgets everything that was not heard yet. */
  stop() {
    for (const piece of this.pieces) piece.stop();
    this.pieces.clear();
    this.until = 0;
    this.onChange();
  }

  close() {
    this.stop();
    void this.audio?.close().catch(() => undefined);
    this.audio = null;
  }
}
