import { describe, expect, it } from 'vitest';
import { withoutPatterns } from '~/app/schemaForm.ts';
import { differenceOf } from './difference.ts';

describe('the difference that a second person agrees to', () => {
  const args = { version: '2.0.0', changes: [{ what: 'description', change: 'changed', name: 'now', from: 'a', to: 'b', widens: false }, { what: 'egress', change: 'added', name: 'https://x.example', from: null, to: null, widens: true }] };
  it('begins with what widens', () => expect(differenceOf(args, '2.0.0')!.map((one) => one.what)).toEqual(['egress', 'description']));
  it.each([['1.0.0', args], ['2.0.0', null], ['2.0.0', { version: '2.0.0' }]])('is unknown for %s in %j', (version, given) => expect(differenceOf(given, version)).toBeNull());
});

it('tries no pattern of somebody else’s schema in the browser, however deep', () => {
  expect(withoutPatterns({ type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' }, b: { type: 'array', items: { type: 'string', pattern: 'x' } } } })).toEqual({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'array', items: { type: 'string' } } } });
});
