import workletUrl from './captureWorklet.ts?worker&url';
import type { MicrophoneFault } from './protocol.ts';

export class MicrophoneError extends Error {
  constructor(readonly fault: MicrophoneFault, cause?: unknown) {
    super(fault, { cause });
  }
}

/** What a browser's refusal means for whoever reads it. */
export const faultOf = (name: string): MicrophoneFault => {
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'failed';
};

/** Whether this browser can hear at all, before anybody is asked. */
export const unsupported = (): MicrophoneFault | null => {
  if (!globalThis.isSecureContext) return 'insecure';
  return typeof navigator.mediaDevices?.getUserMedia === 'function' && typeof AudioWorkletNode === 'function' && typeof WebSocket === 'function' ? null : 'unsupported';
};

/**
 * Opens the microphone; frames of 20 ms at 16 kHz come until it is closed.
 * @param device null for the browser's choice.
 * @param onEnd the device went away.
 */
export const openMicrophone = async (device: string | null, onFrame: (pcm: Int16Array) => void, onEnd: () => void) => {
  const missing = unsupported();
  if (missing) throw new MicrophoneError(missing);
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(device ? { deviceId: { exact: device } } : {}) } });
  } catch (cause) {
    throw new MicrophoneError(faultOf(cause instanceof Error ? cause.name : ''), cause);
  }
  const audio = new AudioContext();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    void audio.close().catch(() => undefined);
  };
  try {
    await audio.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(audio, 'soma-capture', { numberOfOutputs: 0 });
    node.port.onmessage = (event: MessageEvent<Int16Array>) => onFrame(event.data);
    audio.createMediaStreamSource(stream).connect(node);
    stream.getAudioTracks()[0]?.addEventListener('ended', onEnd);
    await audio.resume();
  } catch (cause) {
    close();
    throw new MicrophoneError('failed', cause);
  }
  return close;
};
