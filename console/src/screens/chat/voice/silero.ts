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
    const layer = (input: number, output: number, stride: number): Layer => ({ input, output, stride, weight: take(output * input * kernel), bias: take(output) });
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

  /** Magnitudes, bin by bin: the first half of the basis is the real part, the second the imaginary one. */
  private transform() {
    for (let bin = 0; bin < bins; bin++) {
      for (let frame = 0; frame < frames; frame++) {
        let real = 0;
        let imaginary = 0;
        for (let i = 0, a = frame * hop, r = bin * basisLength, m = (bins + bin) * basisLength; i < basisLength; i++, a++, r++, m++) {
          real += this.audio[a]! * this.basis[r]!;
          imaginary += this.audio[a]! * this.basis[m]!;
        }
        this.spectrum[bin * frames + frame] = Math.sqrt(real * real + imaginary * imaginary);
      }
    }
    return this.spectrum;
  }

  private remember(input: Float32Array) {
    for (let row = 0; row < gates * hidden; row++) {
      let sum = this.inputBias[row]! + this.stateBias[row]!;
      for (let i = 0, w = row * hidden; i < hidden; i++, w++) sum += input[i]! * this.fromInput[w]! + this.state[i]! * this.fromState[w]!;
      this.sums[row] = sum;
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

/** One step of zeros on both sides, then ReLU. */
const convolve = ({ input, output, stride, weight, bias }: Layer, signal: Float32Array, length: number) => {
  const steps = Math.ceil(length / stride);
  const result = new Float32Array(output * steps);
  for (let out = 0; out < output; out++) {
    for (let step = 0; step < steps; step++) {
      let sum = bias[out]!;
      for (let tap = 0; tap < kernel; tap++) {
        const at = step * stride + tap - 1;
        if (at < 0 || at >= length) continue;
        for (let channel = 0, w = out * input * kernel + tap; channel < input; channel++, w += kernel) sum += signal[channel * length + at]! * weight[w]!;
      }
      result[out * steps + step] = Math.max(0, sum);
    }
  }
  return result;
};
