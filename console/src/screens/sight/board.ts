import type { LedState } from '@somastack/uix';
import type { Schemas } from '~/api/client.ts';

export type Check = { name: string; state: 'ok' | 'degraded' | 'failed' | 'unknown'; required: boolean; detail: string | null; value: number | null; unit: string | null; duration_ms?: number };
export type Led = { name: string; state: LedState; required: boolean; detail: string | null; value: number | null; unit: string | null; durationMs: number | null };

const ledOf: Record<Check['state'], LedState> = { ok: 'ok', degraded: 'degraded', failed: 'down', unknown: 'unknown' };

/**
 * One LED for each probe, the bad ones first. When the last probe got no answer, or the answer is older than two probes, every LED is
 * unknown: what was green then may be anything now.
 */
export const ledsOf = (checks: readonly Check[], probed: { failed: boolean; ageMs: number; everyMs: number }): readonly Led[] => {
  const isBlind = probed.failed || probed.ageMs > 2 * probed.everyMs;
  const order: Record<LedState, number> = { down: 0, degraded: 1, unknown: 2, ok: 3 };
  return checks
    .map((check): Led => ({ name: check.name, required: check.required, state: isBlind ? 'unknown' : (ledOf[check.state] ?? 'unknown'), detail: isBlind ? null : check.detail, value: isBlind ? null : check.value, unit: check.unit, durationMs: isBlind ? null : (check.duration_ms ?? null) }))
    .sort((one, other) => order[one.state] - order[other.state] || Number(other.required) - Number(one.required) || one.name.localeCompare(other.name));
};

type Rated = Pick<Schemas['ModelTelemetryItem'], 'error_rate' | 'refusal_rate'>;

/** A share over all models: their shares by how many calls each is of. Null when nobody was called. */
export const shareOver = (models: readonly Rated[], name: 'error_rate' | 'refusal_rate'): number | null => {
  const known = models.map((one) => one[name]).filter((share) => share !== null);
  const calls = known.reduce((sum, share) => sum + share.of, 0);
  return calls === 0 ? null : known.reduce((sum, share) => sum + share.value * share.of, 0) / calls;
};
