import { describe, expect, it } from 'vitest';
import { faultOf, unsupported } from './capture.ts';
import { listen, silence, type Turn } from './endpoint.ts';
import { fromPcm, levelOf, toPcm, wavOf } from './pcm.ts';
import { closedView, fold, type ServerFrame, type VoiceView } from './protocol.ts';
import { Resampler } from './resampler.ts';

describe('the endpoint', () => {
  const turns = (probabilities: readonly number[]) => {
    let state = silence;
    return probabilities.flatMap((probability, window) => {
      const [next, turn] = listen(state, probability);
      state = next;
      return turn ? [[window, turn] as [number, NonNullable<Turn>]] : [];
    });
  };
  const many = (count: number, value: number) => Array<number>(count).fill(value);

  it('begins with the second likely window and ends 0.7 s after the last', () => {
    expect(turns([...many(5, 0.01), ...many(30, 0.9), ...many(40, 0.01)])).toEqual([[6, 'start'], [56, 'end']]);
  });

  it('is not fooled by one window, and a breath ends nothing', () => {
    expect(turns([0.9, 0.1, 0.9, 0.1])).toEqual([]);
    expect(turns([...many(10, 0.9), ...many(20, 0.1), ...many(10, 0.9), ...many(22, 0.1)])).toEqual([[1, 'start'], [61, 'end']]);
  });

  it('counts nothing between the thresholds', () => {
    expect(turns([...many(4, 0.9), ...many(200, 0.4)])).toEqual([[1, 'start']]);
  });
});

describe('the resampler', () => {
  const sine = (rate: number, hertz: number, seconds = 0.5) => Float32Array.from({ length: rate * seconds }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));
  const through = (from: number, samples: Float32Array, pieces: number) => {
    const resampler = new Resampler(from, 16_000);
    const out: number[] = [];
    for (let at = 0; at < samples.length; at += pieces) out.push(...resampler.next(samples.subarray(at, at + pieces)));
    return out;
  };
  const middle = (values: readonly number[]) => values.slice(1_000, -1_000);

  it.each([48_000, 44_100, 22_050, 16_000, 8_000])('keeps a tone of 440 Hz at %i Hz', (rate) => {
    const out = through(rate, sine(rate, 440), 128);
    expect(Math.abs(out.length - 8_000)).toBeLessThan(64);
    const worst = Math.max(...middle(out).map((value, index) => Math.abs(value - 0.5 * Math.sin((2 * Math.PI * 440 * (index + 1_000)) / 16_000))));
    expect(worst).toBeLessThan(0.003);
  });

  it('folds nothing back that the new rate cannot carry', () => {
    for (const hertz of [9_000, 12_000, 20_000]) expect(Math.max(...middle(through(48_000, sine(48_000, hertz), 128)).map(Math.abs)), `${hertz}`).toBeLessThan(0.005);
  });

  it('gives the same in any pieces', () => {
    const samples = sine(44_100, 1_000);
    const whole = through(44_100, samples, samples.length);
    for (const pieces of [1, 7, 128, 1_000]) expect(through(44_100, samples, pieces)).toEqual(whole);
  });
});

describe('PCM', () => {
  it('holds what fits and cuts what does not', () => {
    expect([...toPcm(new Float32Array([0, 1, -1, 2, -2, 0.5]))]).toEqual([0, 32_767, -32_768, 32_767, -32_768, 16_384]);
    expect([...fromPcm(new Int16Array([0, -32_768, 16_384]))]).toEqual([0, -1, 0.5]);
  });

  it('is as loud as it is', () => {
    expect(levelOf(new Int16Array(320))).toBe(0);
    expect(levelOf(Int16Array.from({ length: 320 }, () => -32_768))).toBeCloseTo(1, 5);
    expect(levelOf(Int16Array.from({ length: 320 }, () => 328))).toBeCloseTo(1 / 3, 2);
  });

  it('becomes a WAV file', async () => {
    const view = new DataView(await wavOf([new Int16Array([1, 2]), new Int16Array([-3])]).arrayBuffer());
    expect([view.byteLength, view.getUint32(4, true), view.getUint32(24, true), view.getUint32(40, true), view.getInt16(48, true)]).toEqual([50, 42, 16_000, 6, -3]);
  });
});

describe('what the server says', () => {
  const after = (...frames: ServerFrame[]) => frames.reduce<VoiceView>(fold, { ...closedView, phase: 'connecting' });
  const heard = (text: string, final: boolean): ServerFrame => ({ type: 'transcript', utterance: 1, final, text, confidence: null, seconds: 1, elapsed_ms: 1, model: 'm', session_id: final ? 's' : null, turn_id: final ? 't' : null });
  const event = (name: string, data: unknown): ServerFrame => ({ type: 'event', id: 1, event: name, data });
  const problem = { code: 'c', status: 403, title: 'T', detail: 'D', remedy: 'R' };

  it('shows captions until the transcript, and no caption that comes too late', () => {
    expect(after(heard('who', false)).heard).toMatchObject({ text: 'who', final: false, confidence: null });
    expect(after(heard('who is it', true), heard('who', false)).heard).toMatchObject({ text: 'who is it', final: true });
    expect(after(heard('who is it', true)).session).toBe('s');
  });

  it('gathers the answer and tells how it ended', () => {
    const answering = after(heard('x', true), event('text.delta', { text: 'One. ' }), event('text.delta', { text: 'Two.' }));
    expect(answering.reply).toEqual({ text: 'One. Two.', outcome: 'answering', detail: null });
    expect(fold(answering, event('turn.completed', { answer: 'One. Two.', failure: null })).reply?.outcome).toBe('completed');
    expect(fold(answering, event('turn.failed', { answer: 'One. ', failure: { code: 'f', detail: 'broke' } })).reply).toEqual({ text: 'One. ', outcome: 'failed', detail: 'broke' });
    expect(after(heard('x', true), event('approval_required', {})).reply?.outcome).toBe('waiting');
  });

  it('begins anew with new words, and what still comes of the answer before is not theirs', () => {
    const next = after(heard('x', true), event('text.delta', { text: 'Old' }), { type: 'error', utterance: 1, problem }, { type: 'state', state: 'hearing' }, event('text.delta', { text: 'late' }));
    expect([next.heard, next.reply, next.problem]).toEqual([null, null, null]);
  });

  it('keeps a problem until something else is said', () => {
    expect(after({ type: 'error', utterance: null, problem }).problem).toBe(problem);
  });
});

describe('a microphone that cannot be heard', () => {
  it('has a reason that people can act on', () => {
    expect(['NotAllowedError', 'SecurityError', 'NotFoundError', 'OverconstrainedError', 'NotReadableError', 'AbortError', 'Whatever'].map(faultOf)).toEqual(['denied', 'denied', 'missing', 'missing', 'busy', 'busy', 'failed']);
    expect(['insecure', 'unsupported']).toContain(unsupported());
  });
});
