import { frameSamples, rate, toPcm } from './pcm.ts';
import { Resampler } from './resampler.ts';

// What the audio thread gives its modules; TypeScript's libraries do not describe it.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** On the audio thread: all channels as one, at 16 kHz, in frames of 20 ms. */
class Capture extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, rate);
  private pending = new Float32Array(0);

  process([channels]: Float32Array[][]) {
    const first = channels?.[0];
    if (!channels || !first) return true;
    const mono = channels.length === 1 ? first : first.map((_, at) => channels.reduce((sum, channel) => sum + channel[at]!, 0) / channels.length);
    const fresh = this.resampler.next(mono);
    const all = new Float32Array(this.pending.length + fresh.length);
    all.set(this.pending);
    all.set(fresh, this.pending.length);
    let at = 0;
    for (; at + frameSamples <= all.length; at += frameSamples) {
      const pcm = toPcm(all.subarray(at, at + frameSamples));
      this.port.postMessage(pcm, [pcm.buffer]);
    }
    this.pending = all.slice(at);
    return true;
  }
}

registerProcessor('soma-capture', Capture);
