import { describe, expect, it } from 'vitest';
import { issuesOf, linesOf, matchesModeration, matchesRule, scoreOf, withModeration, withModerationRule, type ModerationRule, type Policy, type Rule } from './document.ts';

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

  it('tells a rule of moderation from one of the gate', () =>
    expect(issuesOf("'moderation.rules[1].patterns' must not be empty. 'rules[1].id' must be a name that no other rule has. 'moderation.ladder' must rise: 1 <= escalate_at <= lock_at <= 1000.").map(({ list, rule, field }) => [list, rule, field])).toEqual([
      ['moderation', 1, 'patterns'],
      ['rules', 1, 'id'],
      [null, null, 'moderation.ladder'],
    ]));

  it('that says nothing of a place is shown as it is', () => expect(issuesOf('The policy must be an object.')).toEqual([{ list: null, rule: null, field: null, mark: { line: 1, column: 1, message: 'The policy must be an object.' } }]));
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

describe('rules of moderation', () => {
  const rule: ModerationRule = { id: 'a', category: 'insult', severity: 'medium', patterns: ['you fool'], message: 'No.', remedy: 'Be kind.' };
  const policy = { moderation: { ladder: { window_hours: 24, escalate_at: 2, lock_at: 3 }, rules: [rule] } } as unknown as Policy;

  it('look at what a person says where nothing else is said', () => {
    expect(matchesModeration(rule, { stage: 'input' })).toBe(true);
    expect(matchesModeration(rule, { stage: 'memory' })).toBe(false);
    expect(matchesModeration({ ...rule, stages: ['memory'] }, { stage: 'memory', q: 'FOOL', severity: 'medium' })).toBe(true);
  });

  it('are replaced, added, and leave out what says nothing', () => {
    expect(withModerationRule(policy, 0, { ...rule, effect: 'drop' }).moderation.rules).toEqual([{ ...rule, effect: 'drop' }]);
    expect(withModerationRule(policy, -1, { ...rule, id: 'b' }).moderation.rules.map((one) => one.id)).toEqual(['a', 'b']);
    expect(Object.keys(withModeration(policy, { detector: undefined }).moderation)).not.toContain('detector');
    expect(policy.moderation.rules).toEqual([rule]);
  });
});
