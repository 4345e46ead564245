import { describe, expect, it } from 'vitest';
import { faultsOf } from '../../scripts/rules.mjs';

const rulesIn = (source: string) => faultsOf('x.tsx', source).map((fault) => fault.rule);

describe('what a tile may show', () => {
  it.each([
    `<KpiTile state={{ kind: 'ok', value: '42', at }} />`,
    `<KpiTile state={{ kind: 'ok', value: \`\${42}\`, at }} />`,
    `<KpiTile state={{ kind: 'stale', value: known ? '1.2M' : text, at, reason }} />`,
    `const state = { kind: 'ok', value: String(n) + '3', at };`,
    `<LedTile>12 sessions</LedTile>`,
    `<UsageTile value={99} />`,
  ])('is not %s', (source) => expect(rulesIn(source)).toContain('a tile shows what was read, never a number from the source'));

  it.each([
    `<KpiTile state={{ kind: 'ok', value: data.count.toLocaleString(lang, { maximumFractionDigits: 2 }), at }} />`,
    `<KpiTile state={{ kind: 'unknown', reason: 'nobody measured it in the last 24 hours' }} />`,
    `const state = { kind: 'ok', value: rows[0].text, at };`,
  ])('may be %s', (source) => expect(rulesIn(source)).toEqual([]));
});

it('wants colours by role and sides by reading direction', () => {
  expect(rulesIn(`<p className="text-red-500" />`)).toHaveLength(1);
  expect(rulesIn(`<p className="hover:bg-white md:pl-4" />`)).toHaveLength(2);
  expect(rulesIn(`<p className="text-bad ps-4 bg-accent-soft rounded-e-md" />`)).toEqual([]);
});

it('lets nothing turn text into markup', () => expect(rulesIn(`<p dangerouslySetInnerHTML={{ __html: text }} />`)).toEqual(['text is never markup']));
