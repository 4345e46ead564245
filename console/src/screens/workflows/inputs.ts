import type { Schema } from '~/app/schemaForm.ts';

const schemas: Record<string, Schema> = { text: { type: 'string', format: 'text' }, string: { type: 'string' }, integer: { type: 'integer' }, number: { type: 'number' }, boolean: { type: 'boolean' }, list: { type: 'array' }, object: { type: 'object' } };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The inputs of a capsule's definition as the schema of a form. A list may hold anything, so it is one of lines only where its default says that it holds texts, or nothing is said. */
export const inputsSchema = (definition: unknown): Schema => {
  const inputs = (isObject(definition) && Array.isArray(definition.inputs) ? definition.inputs : []).filter(isObject).filter((one) => typeof one.name === 'string');
  const isOfTexts = (value: unknown) => !Array.isArray(value) || value.every((one) => typeof one === 'string');
  return {
    type: 'object',
    required: inputs.filter((one) => one.required === true).map((one) => String(one.name)),
    properties: Object.fromEntries(
      inputs.map((one): [string, Schema] => {
        const type = String(one.type);
        const schema: Schema = { ...(schemas[type] ?? {}), ...(typeof one.description === 'string' ? { description: one.description } : {}), ...(one.default === undefined ? {} : { default: one.default }) };
        return [String(one.name), type === 'list' && isOfTexts(one.default) ? { ...schema, items: { type: 'string' } } : schema];
      }),
    ),
  };
};
