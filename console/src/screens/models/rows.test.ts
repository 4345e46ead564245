import { describe, expect, it } from 'vitest';
import { bodyFrom, formOf, profileShape } from './profileForm.ts';
import type { ListedModel, Price, Telemetry } from './queries.ts';
import { healthOf, pricedOf, rowsOf } from './rows.ts';

const listed = (provider: string, id: string) => ({ provider, id, context_tokens: null }) as ListedModel;
const measured = (provider: string, model: string, calls: number) => ({ provider, model, calls }) as Telemetry;
const price = (model: string, valid_from: string, input: number) => ({ provider: 'p', model, valid_from, input }) as Price;

describe('models', () => {
  it('are matched with what was measured, and one that is gone stays', () => {
    const rows = rowsOf([listed('b', 'two'), listed('a', 'one')], [measured('b', 'two', 7), measured('b', 'gone', 1)]);
    expect(rows.map((row) => [row.id, row.listed, row.measured?.calls ?? null])).toEqual([['a/one', true, null], ['b/gone', false, 1], ['b/two', true, 7]]);
  });
  it('of the same name at two providers are two', () => expect(rowsOf([listed('a', 'x'), listed('b', 'x')], [measured('b', 'x', 3)]).map((row) => row.measured?.calls ?? null)).toEqual([null, 3]));
});

describe('the health of a model', () => {
  const row = (listed: boolean, value?: number) => ({ listed, measured: value === undefined ? null : ({ error_rate: { value } } as Telemetry) });
  it('is unknown without a call, and never green for being listed', () => expect([healthOf(row(true)), healthOf(row(false, 0))]).toEqual(['unknown', 'unknown']));
  it('follows the share of failed calls', () => expect([0, 0.01, 0.5].map((share) => healthOf(row(true, share)))).toEqual(['ok', 'degraded', 'down']));
});

describe('prices', () => {
  const at = new Date('2026-05-01T00:00:00Z');
  it('hold from their day on, the newest that has begun', () => {
    const [model] = pricedOf([price('m', '2026-01-01', 1), price('m', '2026-06-01', 3), price('m', '2026-04-01', 2)], at);
    expect(model!.now?.input).toBe(2);
    expect(model!.rows.map((row) => row.input)).toEqual([3, 2, 1]);
  });
  it('that have not begun are no price', () => expect(pricedOf([price('m', '2026-06-01', 3)], at)[0]!.now).toBeNull());
});

describe('the form of a profile', () => {
  const profile = { primary: 'a', fallbacks: ['b', 'c'], settings: { temperature: 0, max_tokens: null }, cache: true, retries: 0, timeout_seconds: null, total_seconds: 30, hedge_after_ms: null };
  it('gives back what it was given, a zero too', () => expect(bodyFrom(profileShape.parse(formOf(profile)))).toEqual(profile));
  it.each([{ retries: 6 }, { temperature: 2.1 }, { primary: ' ' }, { fallbacks: 'a,b,c,d,e,f,g,h,i' }])('refuses %j', (change) => expect(profileShape.safeParse({ ...formOf(profile), ...change }).success).toBe(false));
});
