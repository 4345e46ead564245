/**
 * Silero VAD v6 (github.com/snakers4/silero-vad, MIT) for 16 kHz, computed here: a short Fourier transform, four convolutions, an LSTM and
 * one unit. So no WebAssembly and no looser content policy is needed (docs/decisions/0160). `silero.test.ts` holds it against onnxruntime.
 */
export const windowSamples = 512;
const contextSamples = 64;
const basisLength = 256;
const hop = 128;
const bins = 129;
const hidden = 128;
const padded = contextSamples + windowSamples + contextSamples;
const frames = (padded - basisLength) / hop + 1;
const kernel = 3;
const gates = 4;

/** Weights by output, tap and input, so that the innermost loop reads both rows in order. */
type Layer = { input: number; output: number; stride: number; weight: Float32Array; bias: Float32Array };

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export class Silero {
  private readonly basis: Float32Array;
  private readonly layers: readonly Layer[];
  private readonly fromInput: Float32Array;
  private readonly fromState: Float32Array;
  private readonly inputBias: Float32Array;
  private readonly stateBias: Float32Array;
  private readonly last: Float32Array;
  private readonly lastBias: number;

  private readonly audio = new Float32Array(padded);
  private readonly spectrum = new Float32Array(bins * frames);
  private readonly sums = new Float32Array(gates * hidden);
  private state = new Float32Array(hidden);
  private cell = new Float32Array(hidden);
  private context = new Float32Array(contextSamples);

  /** @param weights `silero.bin`, as scripts/silero.mjs writes it. */
  constructor(weights: ArrayBuffer) {
    const all = new Float32Array(weights);
    let at = 0;
    const take = (count: number) => all.subarray(at, (at += count));
    const layer = (input: number, output: number, stride: number): Layer => ({ input, output, stride, weight: byTap(take(output * input * kernel), input), bias: take(output) });
    this.basis = take(2 * bins * basisLength);
    this.layers = [layer(bins, 128, 1), layer(128, 64, 2), layer(64, 64, 2), layer(64, hidden, 1)];
    this.fromInput = take(gates * hidden * hidden);
    this.fromState = take(gates * hidden * hidden);
    this.inputBias = take(gates * hidden);
    this.stateBias = take(gates * hidden);
    this.last = take(hidden);
    this.lastBias = take(1)[0]!;
    if (at !== all.length) throw new RangeError(`The weights have ${all.length} numbers, ${at} were expected.`);
  }

  /** Forgets what it heard: for another recording. */
  reset() {
    this.state = new Float32Array(hidden);
    this.cell = new Float32Array(hidden);
    this.context = new Float32Array(contextSamples);
  }

  /** How likely somebody speaks in the next 512 samples (32 ms, from -1 to 1). */
  next(samples: Float32Array): number {
    if (samples.length !== windowSamples) throw new RangeError(`A window has ${windowSamples} samples.`);
    this.audio.set(this.context);
    this.audio.set(samples, contextSamples);
    const end = contextSamples + windowSamples;
    // Mirrored at its end, the last sample itself not repeated.
    for (let i = 0; i < contextSamples; i++) this.audio[end + i] = this.audio[end - 2 - i]!;
    this.context = samples.slice(windowSamples - contextSamples);
    let signal: Float32Array = this.transform();
    let length = frames;
    for (const layer of this.layers) {
      signal = convolve(layer, signal, length);
      length = Math.ceil(length / layer.stride);
    }
    this.remember(signal);
    let sum = this.lastBias;
    for (let i = 0; i < hidden; i++) sum += Math.max(0, this.state[i]!) * this.last[i]!;
    return sigmoid(sum);
  }

  /** Magnitudes, frame by frame: the first half of the basis is the real part, the second the imaginary one. */
  private transform() {
    for (let frame = 0; frame < frames; frame++) {
      const audio = this.audio.subarray(frame * hop, frame * hop + basisLength);
      for (let bin = 0; bin < bins; bin++) {
        const real = dot(audio, this.basis, bin * basisLength);
        const imaginary = dot(audio, this.basis, (bins + bin) * basisLength);
        this.spectrum[frame * bins + bin] = Math.sqrt(real * real + imaginary * imaginary);
      }
    }
    return this.spectrum;
  }

  private remember(input: Float32Array) {
    for (let row = 0; row < gates * hidden; row++) {
      this.sums[row] = this.inputBias[row]! + this.stateBias[row]! + dot(input, this.fromInput, row * hidden) + dot(this.state, this.fromState, row * hidden);
    }
    const state = new Float32Array(hidden);
    for (let i = 0; i < hidden; i++) {
      const keep = sigmoid(this.sums[hidden + i]!) * this.cell[i]!;
      this.cell[i] = keep + sigmoid(this.sums[i]!) * Math.tanh(this.sums[2 * hidden + i]!);
      state[i] = sigmoid(this.sums[3 * hidden + i]!) * Math.tanh(this.cell[i]!);
    }
    this.state = state;
  }
}

const dot = (a: Float32Array, b: Float32Array, from: number) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[from + i]!;
  return sum;
};

/** From output, input and tap, as the file has them. */
const byTap = (weight: Float32Array, input: number) =>
  Float32Array.from(weight, (_, at) => {
    const block = at - (at % (input * kernel));
    const within = at - block;
    return weight[block + (within % input) * kernel + Math.floor(within / input)]!;
  });

/** A signal by step and channel; one step of zeros on both sides, then ReLU. */
const convolve = ({ input, output, stride, weight, bias }: Layer, signal: Float32Array, length: number) => {
  const steps = Math.ceil(length / stride);
  const result = new Float32Array(steps * output);
  for (let step = 0; step < steps; step++) {
    for (let tap = 0; tap < kernel; tap++) {
      const at = step * stride + tap - 1;
      if (at < 0 || at >= length) continue;
      const channels = signal.subarray(at * input, (at + 1) * input);
      for (let out = 0; out < output; out++) result[step * output + out]! += dot(channels, weight, (out * kernel + tap) * input);
    }
    for (let out = 0; out < output; out++) result[step * output + out] = Math.max(0, result[step * output + out]! + bias[out]!);
  }
  return result;
};
