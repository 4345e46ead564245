import type { Schemas } from '~/api/client.ts';

export type Guardrail = Schemas['Guardrail'];

/** What a dry run answers; docs/openapi.json does not name it. */
export type DryRun = { from: string; to: string; allowed: boolean; needs_second_key: boolean; blocked: readonly { code: string; refuses: string; why: string; remedy: string; detail: string }[] };

export const isDebug = (mode: string) => mode.endsWith('-debug');
export const isProduction = (mode: string) => mode.startsWith('production');

/** The guardrails that hold in one mode and not in another, by code. */
export const comesAndGoes = (all: readonly Guardrail[], from: string, to: string) => ({
  comes: all.filter((one) => one.modes.includes(to) && !one.modes.includes(from)),
  stays: all.filter((one) => one.modes.includes(to) && one.modes.includes(from)),
  goes: all.filter((one) => !one.modes.includes(to) && one.modes.includes(from)),
});

/** Reads an unknown answer as a dry run; null when it is none, so nothing is shown that was not said. */
export const dryRunOf = (answer: unknown): DryRun | null =>
  typeof answer === 'object' && answer !== null && 'allowed' in answer && 'blocked' in answer && Array.isArray((answer as DryRun).blocked) ? (answer as DryRun) : null;
