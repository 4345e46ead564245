import { describe, expect, it } from 'vitest';
import { issuesOf, linesOf, matchesRule, scoreOf, type Policy, type Rule } from './document.ts';

const weights = { confidence: 0.4, risk: 0.4, budget: 0.2, human_penalty: 0.15 };

describe('the score of a kind', () => {
  // The table of docs/policy.md.
  it.each([
    [0.1, 0.95, 0.94],
    [0.15, 0.9, 0.9],
    [0.25, 0.85, 0.84],
    [0.5, 0.5, 0.6],
  ])('with risk %d and confidence %d is %d', (risk, confidence, score) => expect(scoreOf({ weights }, { risk, confidence })).toBe(score));

  it('pays for a person', () => expect(scoreOf({ weights }, { risk: 0.1, confidence: 0.95, requires_human: true })).toBe(0.79));
});

describe('the refusal of a policy', () => {
  it('is read rule by rule, with line and column', () => {
    const detail = "'policy' cannot govern. 'rules[2].condition' of the rule 'large': 'nobody' is not known. Perhaps 'args' (line 1, column 5). 'rules[0]' needs 'message' and 'remedy' of 1 to 500 characters. 'thresholds.production' must not be below 'thresholds.default'.";
    const issues = issuesOf(detail.slice(detail.indexOf("'rules")));
    expect(issues.map(({ rule, field, mark }) => [rule, field, mark.line, mark.column])).toEqual([
      [2, 'condition', 1, 5],
      [0, null, 1, 1],
      [null, 'thresholds.production', 1, 1],
    ]);
  });

  it('that says nothing of a place is shown as it is', () => expect(issuesOf('The policy must be an object.')).toEqual([{ rule: null, field: null, mark: { line: 1, column: 1, message: 'The policy must be an object.' } }]));
});

describe('rules', () => {
  const rule: Rule = { id: 'a', kinds: ['tool.call'], effect: 'deny', code: 'c', message: 'No.', remedy: 'Ask.', condition: "args.amount > 1000" };
  const policy = { rules: [rule] } as unknown as Policy;

  it('are found by their words, effect and kind', () => {
    expect(policy.rules.filter((one) => matchesRule(one, { q: 'AMOUNT', effect: 'deny', kind: 'tool.call' }))).toEqual([rule]);
    expect(matchesRule(rule, { effect: 'allow' })).toBe(false);
    expect(matchesRule(rule, { kind: 'tool' })).toBe(false);
  });

  it('take lines, and nothing where there is nothing', () => {
    expect(linesOf(' a \n\nb')).toEqual(['a', 'b']);
    expect(linesOf(' \n')).toBeUndefined();
  });
});
