/** Samples of 16 bits, little end first, one channel: what goes over the wire both ways. */
export const rate = 16_000;
export const frameSamples = 320;
const full = 32_768;

export const toPcm = (samples: Float32Array) => Int16Array.from(samples, (sample) => Math.max(-full, Math.min(full - 1, Math.round(sample * full))));

export const fromPcm = (pcm: Int16Array) => Float32Array.from(pcm, (sample) => sample / full);

/** Loudness as a part of a bar: 0 at -60 dB of full scale and below, 1 at full scale. */
export const levelOf = (pcm: Int16Array) => {
  const quietest = -60;
  let sum = 0;
  for (const sample of pcm) sum += (sample / full) ** 2;
  if (sum === 0) return 0;
  return Math.max(0, 1 - (10 * Math.log10(sum / pcm.length)) / quietest);
};

/** A WAV file of these pieces, for the eye of whoever said it; it never leaves the page. */
export const wavOf = (pieces: readonly Int16Array[]) => {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + count * 2));
  const ascii = (at: number, text: string) => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  ascii(0, 'RIFF');
  view.setUint32(4, 36 + count * 2, true);
  ascii(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  ascii(36, 'data');
  view.setUint32(40, count * 2, true);
  let at = 44;
  for (const piece of pieces)
    for (const sample of piece) {
      view.setInt16(at, sample, true);
      at += 2;
    }
  return new Blob([view.buffer], { type: 'audio/wav' });
};
