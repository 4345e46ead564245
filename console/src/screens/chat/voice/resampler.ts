/**
 * Changes the rate of sound that comes in pieces, by a Hann-windowed sinc of 16 zero crossings a side; downward it cuts off a little below the new
 * half rate, so that nothing is folded back. The same filter as on the server (Resampler.cs). Pure but for what it keeps between pieces.
 */
const crossings = 16;
/** Of the new half rate, for the width of the filter's slope. */
const margin = 0.92;
/** Fractional places for which a filter is kept; between them the error is below 16-bit noise. */
const phases = 256;

export class Resampler {
  private readonly step: number;
  private readonly half: number;
  private readonly filters: readonly Float32Array[];
  private kept: Float32Array;
  /** Of the next sample that goes out, in the samples that came, from the start of `kept`. */
  private place: number;

  constructor(from: number, to: number) {
    this.step = from / to;
    const cutoff = to < from ? (margin * to) / from : 1;
    this.half = Math.ceil(crossings / cutoff);
    this.filters = Array.from({ length: phases + 1 }, (_, phase) => filterOf(phase / phases, cutoff, this.half));
    this.kept = new Float32Array(this.half - 1);
    this.place = this.half - 1;
  }

  next(samples: Float32Array): Float32Array {
    const all = new Float32Array(this.kept.length + samples.length);
    all.set(this.kept);
    all.set(samples, this.kept.length);
    const out = new Float32Array(Math.max(0, Math.ceil((all.length - this.half - this.place) / this.step)));
    let count = 0;
    for (; Math.floor(this.place) + this.half < all.length; this.place += this.step) {
      const whole = Math.floor(this.place);
      const filter = this.filters[Math.round((this.place - whole) * phases)]!;
      let sum = 0;
      for (let i = 0, at = whole - this.half + 1; i < filter.length; i++, at++) sum += all[at]! * filter[i]!;
      out[count++] = sum;
    }
    const first = Math.floor(this.place) - this.half + 1;
    this.kept = all.slice(first);
    this.place -= first;
    return out.subarray(0, count);
  }
}

/** Weights of the 2·half samples around a point that lies `fraction` behind a sample; they pass a constant unchanged. */
const filterOf = (fraction: number, cutoff: number, half: number) => {
  const weights = Float64Array.from({ length: 2 * half }, (_, k) => {
    const distance = k - half + 1 - fraction;
    return Math.abs(distance) >= half ? 0 : (0.5 + 0.5 * Math.cos((Math.PI * distance) / half)) * sinc(cutoff * distance);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
};

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
