import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Silero, windowSamples } from './silero.ts';

const rate = 16_000;
const file = readFileSync(join(import.meta.dirname, 'silero.bin'));
const weights = () => file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer;

/** Three seconds: half of one of a faint hiss, then vowels of a voice around 110 Hz through three resonances, a quarter of a second each, with pauses. */
const signal = () => {
  const samples = new Float32Array(3 * rate);
  const vowels = [[730, 1090, 2440], [270, 2290, 3010], [570, 840, 2410], [300, 870, 2240]];
  const past = [[0, 0], [0, 0], [0, 0]];
  let phase = 0;
  for (let i = 0; i < samples.length; i++) {
    const seconds = i / rate;
    const part = Math.floor(seconds / 0.25);
    phase += (110 + 20 * Math.sin(2 * Math.PI * 3 * seconds)) / rate;
    let value = phase >= 1 ? 1 : 0;
    phase -= value;
    vowels[part % 4]!.forEach((frequency, index) => {
      const radius = Math.exp((-Math.PI * (60 + 40 * index)) / rate);
      const [one, two] = past[index]! as [number, number];
      const next = value + 2 * radius * Math.cos((2 * Math.PI * frequency) / rate) * one - radius * radius * two;
      past[index] = [next, one];
      value = next * (1 - radius);
    });
    samples[i] = seconds > 0.5 && part % 5 !== 4 ? value * 400 : 0.001 * Math.sin(i * i);
  }
  return samples;
};

/** What onnxruntime-web 1.30.0 computes for it from silero_vad_v6.onnx of @ricky0123/vad-web 0.0.31. */
const expected = [
  0.039767, 0.018243, 0.010049, 0.008896, 0.006345, 0.005708, 0.004732, 0.004295, 0.004489, 0.004738, 0.004994, 0.003925, 0.004436, 0.003381, 0.002911, 0.015602,
  0.051088, 0.031691, 0.037632, 0.032703, 0.010306, 0.011002, 0.005244, 0.147854, 0.780231, 0.8941, 0.979284, 0.97662, 0.961437, 0.938436, 0.895677, 0.720602,
  0.174348, 0.099492, 0.035423, 0.018216, 0.010008, 0.009033, 0.005275, 0.491776, 0.601665, 0.53789, 0.513345, 0.455156, 0.439786, 0.367838, 0.721863, 0.373684,
  0.442369, 0.333686, 0.243324, 0.177566, 0.219181, 0.127551, 0.219405, 0.634737, 0.774185, 0.754281, 0.738167, 0.645754, 0.530502, 0.463352, 0.161388, 0.359068,
  0.415466, 0.467773, 0.418811, 0.300531, 0.390797, 0.330352, 0.424177, 0.466706, 0.38479, 0.261394, 0.184649, 0.122729, 0.085016, 0.05922, 0.463518, 0.527136,
  0.629937, 0.511915, 0.47114, 0.381298, 0.267858, 0.200149, 0.548414, 0.780363, 0.807115, 0.804582, 0.732315, 0.721617, 0.772433,
];

describe('Silero', () => {
  it('has the weights that scripts/silero.mjs takes out of the published file', () => {
    expect(createHash('sha256').update(file).digest('hex')).toBe('5afe96454b4595a95479ac074d736b617253f7eecec9672d99e56579c86d4405');
  });

  it('says for every window what onnxruntime says', () => {
    const silero = new Silero(weights());
    const samples = signal();
    const said = expected.map((_, index) => silero.next(samples.subarray(index * windowSamples, (index + 1) * windowSamples)));
    const worst = Math.max(...said.map((value, index) => Math.abs(value - expected[index]!)));
    expect(worst).toBeLessThan(1e-5);
  });

  it('forgets what it heard', () => {
    const silero = new Silero(weights());
    const samples = signal();
    const first = silero.next(samples.subarray(20_000, 20_000 + windowSamples));
    expect(silero.next(samples.subarray(20_000, 20_000 + windowSamples))).not.toBe(first);
    silero.reset();
    expect(silero.next(samples.subarray(20_000, 20_000 + windowSamples))).toBe(first);
  });

  it('refuses what it is not made for', () => {
    expect(() => new Silero(new ArrayBuffer(4_000))).toThrow(RangeError);
    expect(() => new Silero(weights()).next(new Float32Array(480))).toThrow(RangeError);
  });
});
