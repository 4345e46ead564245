import { describe, expect, it } from 'vitest';
import { numbersIn } from './numbers.ts';

const en = numbersIn('en');

describe('numbers', () => {
  it('keep every nano of an amount', () => expect(en.money(0.000000001, 'USD')).toBe('$0.000000001'));
  it('show small amounts as they are', () => expect(en.money(0.00081, 'USD')).toBe('$0.00081'));
  it.each([[0, '0 bytes'], [999, '999 bytes'], [1000, '1 kB'], [64_000_000, '64 MB']])('show %d bytes', (bytes, text) => expect(en.bytes(bytes)).toBe(text));
  it.each([[0.4, '0.4 sec'], [90, '90 sec'], [600, '10 min'], [10_800, '3 hr'], [259_200, '3 days']])('show %d seconds', (seconds, text) => expect(en.seconds(seconds)).toBe(text));
  it('show a share', () => expect(numbersIn('es').share(0.5)).toMatch(/^50\s%$/));
});
