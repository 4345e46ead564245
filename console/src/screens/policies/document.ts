import type { Mark } from '~/app/editor/marks.ts';

export type Effect = 'deny' | 'needs_approval' | 'allow';
export type Obligation = { kind: string; target?: string; limit?: number };
export type Rule = { id: string; kinds: string[]; effect: Effect; code: string; message: string; remedy: string; resources?: string[]; terms?: string[]; condition?: string; obligations?: Obligation[] };
export type KindDefaults = { risk: number; confidence: number; requires_human?: boolean };
export type Weights = { confidence: number; risk: number; budget: number; human_penalty: number };

/** A tenant's policy as the server keeps it; `moderation` is handed on as it came. */
export type Policy = { weights: Weights; thresholds: { default: number; production: number }; kinds: Record<string, KindDefaults>; rules: Rule[]; moderation: unknown };

export type Issue = { rule: number | null; field: string | null; mark: Mark };

const issueStart = /'(rules\[\d+\][\w.]*|[a-z_]+(?:\.[\w.[\]]+)?)'/g;
const place = /\(line (\d+), column (\d+)\)/;

/** The complaints in the server's refusal of a policy, each with the rule, the field, and line and column in it where they are told. */
export const issuesOf = (detail: string): Issue[] => {
  const starts = [...detail.matchAll(issueStart)];
  if (starts.length === 0) return [{ rule: null, field: null, mark: { line: 1, column: 1, message: detail } }];
  const isHead = (match: RegExpExecArray) => match.index === 0 || /[.)] $/.test(detail.slice(0, match.index)) || /cannot govern\. $/.test(detail.slice(0, match.index));
  const heads = starts.filter(isHead);
  return heads.map((head, index) => {
    const message = detail.slice(head.index, heads[index + 1]?.index ?? detail.length).trim();
    const inRule = /^rules\[(\d+)\](?:\.(\w+))?$/.exec(head[1]!);
    const [, line, column] = place.exec(message) ?? [];
    return { rule: inRule ? Number(inRule[1]) : null, field: inRule?.[2] ?? (inRule ? null : head[1]!), mark: { line: Number(line ?? 1), column: Number(column ?? 1), message } };
  });
};

const places = 4;

/** The score of a kind that states no figures itself and has its whole budget, as docs/policy.md computes it. */
export const scoreOf = ({ weights }: Pick<Policy, 'weights'>, kind: KindDefaults) =>
  Number((weights.confidence * kind.confidence + weights.risk * (1 - kind.risk) + weights.budget - (kind.requires_human ? weights.human_penalty : 0)).toFixed(places));

export const matchesRule = (rule: Rule, filter: { q?: string; effect?: string; kind?: string }) => {
  const words = filter.q?.trim().toLowerCase();
  return (!filter.effect || rule.effect === filter.effect) && (!filter.kind || rule.kinds.includes(filter.kind)) && (!words || [rule.id, rule.code, rule.message, rule.condition ?? '', ...(rule.terms ?? [])].join('\n').toLowerCase().includes(words));
};

/** One line, one value; what is empty is left out altogether. */
export const linesOf = (text: string) => {
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  return lines.length > 0 ? lines : undefined;
};

/** The policy with one rule put in the place of `at`, or added at the end. */
export const withRule = (policy: Policy, at: number, rule: Rule): Policy => ({ ...policy, rules: at < 0 ? [...policy.rules, rule] : policy.rules.map((old, index) => (index === at ? rule : old)) });
