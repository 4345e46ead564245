import { listen, silence, type Turn } from './endpoint.ts';
import weightsUrl from './silero.bin?url';

export type Detector = { hear: (pcm: Int16Array) => void; reset: () => void; close: () => void };

/** Silero in a worker. The weights are a file of this server, fetched when somebody first wants to speak without hands. */
export const openDetector = async (onTurn: (turn: NonNullable<Turn>) => void): Promise<Detector> => {
  const answer = await fetch(weightsUrl);
  if (!answer.ok) throw new Error(`The weights of the voice detector answered ${answer.status}.`);
  const weights = await answer.arrayBuffer();
  const worker = new Worker(new URL('./vadWorker.ts', import.meta.url), { type: 'module' });
  let state = silence;
  worker.onmessage = ({ data }: MessageEvent<number>) => {
    const [next, turn] = listen(state, data);
    state = next;
    if (turn) onTurn(turn);
  };
  worker.postMessage(weights, [weights]);
  return {
    hear: (pcm) => worker.postMessage(pcm),
    reset: () => {
      state = silence;
      worker.postMessage(null);
    },
    close: () => worker.terminate(),
  };
};
