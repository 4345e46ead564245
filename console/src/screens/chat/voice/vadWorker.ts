import { fromPcm } from './pcm.ts';
import { Silero, windowSamples } from './silero.ts';

// Beside the page, so that its drawing never waits. First the weights come, then frames; null forgets what was heard.
let silero: Silero | null = null;
let pending = new Float32Array(0);

self.onmessage = ({ data }: MessageEvent<ArrayBuffer | Int16Array | null>) => {
  if (data instanceof ArrayBuffer) {
    silero = new Silero(data);
    return;
  }
  if (!data) {
    silero?.reset();
    pending = new Float32Array(0);
    return;
  }
  const fresh = fromPcm(data);
  const all = new Float32Array(pending.length + fresh.length);
  all.set(pending);
  all.set(fresh, pending.length);
  let at = 0;
  for (; silero && at + windowSamples <= all.length; at += windowSamples) self.postMessage(silero.next(all.subarray(at, at + windowSamples)));
  pending = all.slice(at);
};
