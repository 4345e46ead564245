import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { comesAndGoes, dryRunOf, isDebug, type Guardrail } from './wizard.ts';
import { modes } from './screen.ts';

const { guardrails, standing } = JSON.parse(readFileSync('../src/SomaStack.Governance/Settings/Modes/guardrails.json', 'utf8')) as { guardrails: Guardrail[]; standing: Guardrail[] };
const all = [...guardrails, ...standing];

describe('what a change of mode brings', () => {
  it('is every guardrail of the new mode once, and none of another', () => {
    for (const from of modes)
      for (const to of modes) {
        const { comes, stays, goes } = comesAndGoes(all, from, to);
        expect([...comes, ...stays].map((one) => one.code).sort(), `${from} to ${to}`).toEqual(all.filter((one) => one.modes.includes(to)).map((one) => one.code).sort());
        expect(goes.some((one) => one.modes.includes(to))).toBe(false);
      }
  });

  it('demands an end of exactly those modes that the server calls debug', () => expect(modes.filter(isDebug)).toEqual(guardrails.find((one) => one.code === 'debug_expiry')!.modes));
});

it.each([null, {}, { allowed: true }, { mode: 'test', version: 2 }, { allowed: true, blocked: 'none' }])('takes %j for no dry run', (answer) => expect(dryRunOf(answer)).toBeNull());
