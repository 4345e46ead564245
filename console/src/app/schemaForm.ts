/** The part of JSON Schema that forms are made of. */
export type Schema = { type?: string | readonly string[]; title?: string; description?: string; default?: unknown; format?: string; required?: readonly string[]; properties?: Record<string, Schema>; items?: Schema; enum?: readonly unknown[]; minLength?: number; maxLength?: number; pattern?: string; minimum?: number; maximum?: number; multipleOf?: number; maxItems?: number };

export type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'list' | 'choice' | 'json';
export type FormField = { name: string; kind: FieldKind; required: boolean; schema: Schema };

const typesOf = (schema: Schema) => (schema.type === undefined ? [] : typeof schema.type === 'string' ? [schema.type] : schema.type);

const kindOf = (schema: Schema): FieldKind => {
  const types = typesOf(schema);
  if (schema.enum) return 'choice';
  if (types.includes('array') && schema.items && typesOf(schema.items).includes('string')) return 'list';
  if (types.includes('integer')) return 'integer';
  if (types.includes('number')) return 'number';
  if (types.includes('boolean')) return 'boolean';
  return types.includes('string') ? 'text' : 'json';
};

/** One field for each property, in the schema's own order; a new one of the server appears by itself. */
export const fieldsOf = (schema: Schema): FormField[] => Object.entries(schema.properties ?? {}).map(([name, one]) => ({ name, kind: kindOf(one), required: schema.required?.includes(name) ?? false, schema: one }));

/** The same without patterns: those of somebody else's schema are the server's to try, which has bounds for them. */
export const withoutPatterns = (schema: Schema): Schema => {
  const { pattern: _, properties, items, ...rest } = schema;
  return { ...rest, ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, withoutPatterns(one)])) } : {}), ...(items ? { items: withoutPatterns(items) } : {}) };
};

/** How a value is written into its field; empty where nothing is set. */
export const writtenOf = (kind: FieldKind, value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (kind === 'list') return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.join('\n') : JSON.stringify(value);
  return kind === 'json' ? JSON.stringify(value, null, 2) : String(value);
};

export type Read = { value: unknown } | { fault: 'required' | 'number' | 'integer' | 'range' | 'places' | 'length' | 'pattern' | 'items' | 'json' };

const countOf = (text: string) => [...text].length;

const matches = (pattern: string | undefined, text: string) => pattern === undefined || new RegExp(pattern, 'u').test(text);

/** Whether a decimal is a whole number of steps, without the error of binary fractions. */
const isMultiple = (value: number, step: number) => {
  const places = Math.max(0, -Math.floor(Math.log10(step)));
  return Math.abs(Number(value.toFixed(places)) - value) <= Math.abs(value) * Number.EPSILON;
};

/** What a field holds, checked by the server's own schema; `undefined` as the value means that it is not set. */
export const readField = ({ kind, required, schema }: FormField, text: string): Read => {
  const written = kind === 'text' ? text : text.trim();
  if (written === '') return required ? { fault: 'required' } : { value: undefined };
  if (kind === 'number' || kind === 'integer') {
    const value = Number(written);
    if (!Number.isFinite(value)) return { fault: 'number' };
    if (kind === 'integer' && !Number.isSafeInteger(value)) return { fault: 'integer' };
    if (value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity)) return { fault: 'range' };
    return schema.multipleOf && !isMultiple(value, schema.multipleOf) ? { fault: 'places' } : { value };
  }
  if (kind === 'boolean') return { value: written === 'true' };
  if (kind === 'list') {
    const list = written.split('\n').map((line) => line.trim()).filter(Boolean);
    if (list.length > (schema.maxItems ?? Infinity)) return { fault: 'items' };
    return list.every((one) => matches(schema.items?.pattern, one)) ? { value: list } : { fault: 'pattern' };
  }
  if (kind === 'json') {
    try {
      return { value: JSON.parse(written) as unknown };
    } catch {
      return { fault: 'json' };
    }
  }
  if (countOf(written) < (schema.minLength ?? 0) || countOf(written) > (schema.maxLength ?? Infinity)) return { fault: 'length' };
  return matches(schema.pattern, written) ? { value: written } : { fault: 'pattern' };
};
