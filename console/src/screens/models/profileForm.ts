import { z } from 'zod';
import type { Schemas } from '~/api/client.ts';

const optional = (low: number, high: number) => z.union([z.literal(''), z.coerce.number().min(low).max(high)]);

/** The ranges of docs/routing.md; an empty field leaves the choice to the server. */
export const profileShape = z.object({
  primary: z.string().trim().min(1).max(256),
  fallbacks: z.string().refine((text) => namesIn(text).length <= 8),
  temperature: optional(0, 2),
  max_tokens: optional(1, Number.MAX_SAFE_INTEGER),
  retries: z.coerce.number().int().min(0).max(5),
  timeout_seconds: optional(0.1, 600),
  total_seconds: z.coerce.number().min(0.1).max(600),
  hedge_after_ms: optional(1, 60_000),
  cache: z.boolean(),
});

export type ProfileForm = z.input<typeof profileShape>;
export type ReadProfile = z.output<typeof profileShape>;

export const namesIn = (text: string) => text.split(',').map((name) => name.trim()).filter(Boolean);

const orNull = (value: number | '') => (value === '' ? null : value);

export const formOf = (profile: Schemas['ModelProfileBody'] | null): ProfileForm => ({
  primary: profile?.primary ?? '', fallbacks: (profile?.fallbacks ?? []).join(', '), temperature: profile?.settings?.temperature ?? '', max_tokens: profile?.settings?.max_tokens ?? '', retries: profile?.retries ?? 1,
  timeout_seconds: profile?.timeout_seconds ?? '', total_seconds: profile?.total_seconds ?? 600, hedge_after_ms: profile?.hedge_after_ms ?? '', cache: profile?.cache ?? false,
});

export const bodyFrom = (form: ReadProfile): Schemas['ModelProfileBody'] => {
  const temperature = orNull(form.temperature);
  const max_tokens = orNull(form.max_tokens);
  return { primary: form.primary, fallbacks: namesIn(form.fallbacks), settings: temperature === null && max_tokens === null ? null : { temperature, max_tokens }, cache: form.cache, retries: form.retries, timeout_seconds: orNull(form.timeout_seconds), total_seconds: form.total_seconds, hedge_after_ms: orNull(form.hedge_after_ms) };
};
