import { describe, expect, it } from 'vitest';
import { fieldsOf, readField, writtenOf, type Schema } from './schemaForm.ts';

const schema: Schema = {
  type: 'object',
  required: ['display_name'],
  properties: {
    display_name: { type: 'string', minLength: 1, maxLength: 3, pattern: '^[^\\u0000-\\u001f]*[^ ][^\\u0000-\\u001f]*$' },
    regions: { type: ['array', 'null'], maxItems: 2, items: { type: 'string', pattern: '^[a-z0-9-]{1,32}$' } },
    rate: { type: ['integer', 'null'], minimum: 1, maximum: 100 },
    budget: { type: ['number', 'null'], minimum: 0, maximum: 1000, multipleOf: 0.000000001 },
    quiet: { type: 'boolean' },
    level: { enum: ['low', 'high'] },
    shape: { type: 'object' },
  },
};
const fields = Object.fromEntries(fieldsOf(schema).map((field) => [field.name, field]));

it('has a field of the right kind for every property, in their order', () =>
  expect(fieldsOf(schema).map(({ name, kind, required }) => [name, kind, required])).toEqual([['display_name', 'text', true], ['regions', 'list', false], ['rate', 'integer', false], ['budget', 'number', false], ['quiet', 'boolean', false], ['level', 'choice', false], ['shape', 'json', false]]));

describe('what is written', () => {
  it.each<[string, string, unknown]>([
    ['display_name', 'Ana', { value: 'Ana' }],
    ['display_name', '', { fault: 'required' }],
    ['display_name', '   ', { fault: 'pattern' }],
    ['display_name', 'abcd', { fault: 'length' }],
    ['display_name', '😀😀😀', { value: '😀😀😀' }],
    ['regions', 'eu\n us ', { value: ['eu', 'us'] }],
    ['regions', 'EU', { fault: 'pattern' }],
    ['regions', 'a\nb\nc', { fault: 'items' }],
    ['regions', '', { value: undefined }],
    ['rate', '1.5', { fault: 'integer' }],
    ['rate', '0', { fault: 'range' }],
    ['rate', 'many', { fault: 'number' }],
    ['budget', '12.5', { value: 12.5 }],
    ['budget', '0.1', { value: 0.1 }],
    ['budget', '0.0000000001', { fault: 'places' }],
    ['budget', '1001', { fault: 'range' }],
    ['quiet', 'true', { value: true }],
    ['shape', '{', { fault: 'json' }],
  ])('%s: %j is %j', (name, text, read) => expect(readField(fields[name]!, text)).toEqual(read));

  it('comes back as it was', () => {
    for (const [name, value] of [['display_name', 'Ana'], ['regions', ['eu', 'us']], ['rate', 7], ['budget', 0.25], ['quiet', false], ['level', 'low'], ['shape', { a: [1] }]] as const)
      expect(readField(fields[name]!, writtenOf(fields[name]!.kind, value)), name).toEqual({ value });
  });
});
