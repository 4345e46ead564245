import type { Meta, StoryObj } from '@storybook/react-vite';
import { LevelMeter, LiveWave, Sparkline, Waveform } from '../src/index.ts';

const meta: Meta = { title: 'Waveform and sparkline' };
export default meta;

const rate = 16_000;

/** Half a second of a sound that swells, as a WAV file. */
const tone = () => {
  const samples = rate / 2;
  const view = new DataView(new ArrayBuffer(44 + samples * 2));
  const ascii = (at: number, text: string) => [...text].forEach((c, index) => view.setUint8(at + index, c.charCodeAt(0)));
  ascii(0, 'RIFF'); view.setUint32(4, 36 + samples * 2, true); ascii(8, 'WAVEfmt '); view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, rate, true); view.setUint32(28, rate * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true); ascii(36, 'data'); view.setUint32(40, samples * 2, true);
  for (let index = 0; index < samples; index++) view.setInt16(44 + index * 2, Math.sin((index / rate) * 440 * 2 * Math.PI) * 20_000 * Math.sin((index / samples) * Math.PI), true);
  return new Blob([view.buffer], { type: 'audio/wav' });
};
const sound = tone();

export const Wave: StoryObj = { render: () => <Waveform audio={sound} label="Half a second of a tone" className="max-w-md" /> };
export const Spark: StoryObj = { render: () => <Sparkline points={[3, 1, null, 4, 1, 5]} className="h-8 max-w-40" /> };

/** Rises and falls, as a voice does. */
const swelling = () => 0.5 + 0.45 * Math.sin(performance.now() / 300);
export const Level: StoryObj = { render: () => <div className="flex max-w-xs flex-col gap-3"><LevelMeter level={swelling} label="Microphone" /><LevelMeter level={() => 0.95} label="Too loud" /><LevelMeter level={swelling} label="Closed" active={false} /></div> };
export const Live: StoryObj = { render: () => <LiveWave level={swelling} className="max-w-md" /> };
