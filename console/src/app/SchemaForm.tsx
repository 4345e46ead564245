import { Field, Input, Select, TextArea } from '@somastack/uix';
import { useState, type ReactNode } from 'react';
import { words } from '~/i18n/words.ts';
import { fieldsOf, readField, writtenOf, type FormField, type Schema } from './schemaForm.ts';

const useWords = words(
  'schemaForm',
  {
    required: 'This is needed.', number: 'This is no number.', integer: 'This must be a whole number.', range: 'This must be between {{min}} and {{max}}.', places: 'This has too many places.', length: 'This must have {{min}} to {{max}} characters.', pattern: 'This does not have the right form.', items: 'There are more than {{max}}.', json: 'This is no JSON.',
    unset: 'not set', lines: 'One in each line.', asJson: 'As JSON.', optional: 'optional', nothing: 'It takes nothing.', byDefault: 'default: {{value}}',
  },
  {
    required: 'Esto hace falta.', number: 'Esto no es un número.', integer: 'Esto debe ser un número entero.', range: 'Esto debe estar entre {{min}} y {{max}}.', places: 'Esto tiene demasiados decimales.', length: 'Esto debe tener de {{min}} a {{max}} caracteres.', pattern: 'Esto no tiene la forma debida.', items: 'Hay más de {{max}}.', json: 'Esto no es JSON.',
    unset: 'sin poner', lines: 'Uno por línea.', asJson: 'Como JSON.', optional: 'opcional', nothing: 'No pide nada.', byDefault: 'por omisión: {{value}}',
  },
);

const longText = 200;

/** One value, with what is wrong with it. */
export const SchemaInput = ({ field, label, hint, text, placeholder, quiet = false, onChange }: { field: FormField; label: ReactNode; hint?: ReactNode; text: string; placeholder?: string; quiet?: boolean; onChange: (text: string) => void }) => {
  const say = useWords();
  const { schema, kind } = field;
  const read = readField(field, text);
  const fault = 'fault' in read && !(quiet && read.fault === 'required') ? say(read.fault, { min: schema.minimum ?? schema.minLength ?? '', max: schema.maximum ?? schema.maxLength ?? schema.maxItems ?? '' }) : undefined;
  return (
    <Field label={label} hint={hint} error={fault}>
      {(parts) => {
        if (kind === 'choice' || kind === 'boolean') return <Select {...parts} value={text} onChange={(event) => onChange(event.target.value)}>{field.required && text !== '' ? null : <option value="">{placeholder || say('unset')}</option>}{(kind === 'boolean' ? ['true', 'false'] : (schema.enum ?? []).map(String)).map((one) => <option key={one}>{one}</option>)}</Select>;
        if (kind === 'list' || kind === 'json') return <TextArea {...parts} value={text} placeholder={placeholder} onChange={(event) => onChange(event.target.value)} spellCheck={false} className="font-mono text-sm" />;
        if (kind === 'text' && (schema.format === 'text' || (schema.maxLength ?? 0) > longText)) return <TextArea {...parts} value={text} placeholder={placeholder} onChange={(event) => onChange(event.target.value)} />;
        return <Input {...parts} value={text} placeholder={placeholder} inputMode={kind === 'text' ? undefined : 'decimal'} onChange={(event) => onChange(event.target.value)} />;
      }}
    </Field>
  );
};

/** What a form that a schema makes holds: `value` is null while something is missing or wrong. */
export const useSchemaForm = (schema: Schema, given?: Record<string, unknown>) => {
  const fields = fieldsOf(schema);
  const [texts, setTexts] = useState<Record<string, string>>(() => Object.fromEntries(fields.map((field) => [field.name, writtenOf(field.kind, given?.[field.name])])));
  const [tried, setTried] = useState(false);
  const read = fields.map((field) => [field.name, readField(field, texts[field.name] ?? '')] as const);
  const value = read.some(([, one]) => 'fault' in one) ? null : Object.fromEntries(read.flatMap(([name, one]) => ('value' in one && one.value !== undefined ? [[name, one.value]] : [])));
  return { fields, texts, tried, value, set: (name: string, text: string) => setTexts((old) => ({ ...old, [name]: text })), showFaults: () => setTried(true) };
};

/** The fields of a schema, what is needed first; it is said once somebody tried to go on without it. */
export const SchemaFields = ({ form }: { form: ReturnType<typeof useSchemaForm> }) => {
  const say = useWords();
  if (form.fields.length === 0) return <p className="text-sm text-muted">{say('nothing')}</p>;
  return [...form.fields].sort((one, other) => Number(other.required) - Number(one.required)).map((field) => {
    const { name, kind, required, schema } = field;
    const hint = [schema.description, kind === 'list' ? say('lines') : kind === 'json' ? say('asJson') : null].filter(Boolean).join(' ');
    const byDefault = schema.default === undefined || schema.default === null ? undefined : say('byDefault', { value: writtenOf(kind, schema.default).replaceAll('\n', ', ') });
    return <SchemaInput key={name} field={field} label={<span className="flex flex-wrap items-baseline gap-x-2">{schema.title ? <span>{schema.title}</span> : null}<code className="font-mono text-sm">{name}</code>{required ? null : <span className="text-xs font-normal text-muted">{say('optional')}</span>}</span>} hint={hint || undefined} text={form.texts[name] ?? ''} placeholder={byDefault} quiet={!form.tried} onChange={(text) => form.set(name, text)} />;
  });
};
