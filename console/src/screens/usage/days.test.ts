import { describe, expect, it } from 'vitest';
import { csvOf, lastDays, totalOf, totalsBy, type UsageDay } from './days.ts';

const day = (models: Partial<UsageDay['models'][number]>[]) => ({ group_by: 'model', groups: [], models: models.map((one) => ({ provider: 'p', model: 'm', calls: 0, unknown_cost_calls: 0, input_tokens: 0, output_tokens: 0, cost: 0, ...one })) }) as unknown as UsageDay;

describe('days', () => {
  it('are UTC days across the end of a month, today the last', () => expect(lastDays(3, new Date('2026-03-01T00:30:00Z'))).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']));
  it('add up by name, dearest first', () => expect(totalsBy([day([{ cost: 1, calls: 1 }, { model: 'n', cost: 5 }]), day([{ cost: 2, calls: 3, unknown_cost_calls: 1 }])]).map((one) => [one.name, one.cost, one.calls, one.unknown])).toEqual([['p/n', 5, 0, 0], ['p/m', 3, 4, 1]]));
  it('give one total, grouped by whatever', () => expect(totalOf({ group_by: 'principal', models: [], groups: [{ name: 'a', calls: 2, unknown_cost_calls: 0, input_tokens: 3, output_tokens: 4, cost: 0.5 }] } as unknown as UsageDay)).toMatchObject({ calls: 2, input: 3, output: 4, cost: 0.5 }));
});

describe('a CSV', () => {
  it('quotes what must be, and keeps a formula a text', () => expect(csvOf(['a', 'b'], [{ a: 'x, "y"', b: -0.5 }, { a: '=1+1', b: null }])).toBe('a,b\r\n"x, ""y""",-0.5\r\n\'=1+1,\r\n'));
});
