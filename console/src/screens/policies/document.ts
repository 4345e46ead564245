import type { Mark } from '~/app/editor/marks.ts';

export type Effect = 'deny' | 'needs_approval' | 'allow';
export type Obligation = { kind: string; target?: string; limit?: number };
export type Rule = { id: string; kinds: string[]; effect: Effect; code: string; message: string; remedy: string; resources?: string[]; terms?: string[]; condition?: string; obligations?: Obligation[] };
export type KindDefaults = { risk: number; confidence: number; requires_human?: boolean };
export type Weights = { confidence: number; risk: number; budget: number; human_penalty: number };

export const moderationEffects = ['label', 'redact', 'drop'] as const;
/** The built-in rules of docs/moderation.md. */
export const builtIn = ['sign-role-marks', 'sign-tool-call', 'sign-invisible', 'sign-image', 'model-injection'] as const;

export type Severity = 'low' | 'medium' | 'high';
export type Stage = 'input' | 'tool_result' | 'memory' | 'output';
export type ModerationEffect = (typeof moderationEffects)[number];
/** `strike` is true, `stages` is input and `effect` is label where they are absent. */
export type ModerationRule = { id: string; category: string; severity: Severity; patterns: string[]; message: string; remedy: string; strike?: boolean; stages?: Stage[]; effect?: ModerationEffect; output_effect?: ModerationEffect };
export type Detector = { off?: string[]; model_threshold?: number; model_severity?: Severity };
export type Moderation = { ladder: { window_hours: number; escalate_at: number; lock_at: number }; rules: ModerationRule[]; detector?: Detector };

/** A tenant's policy as the server keeps it. */
export type Policy = { weights: Weights; thresholds: { default: number; production: number }; kinds: Record<string, KindDefaults>; rules: Rule[]; moderation: Moderation };

/** `list` and `rule` say which rule it is, when it is about one. */
export type Issue = { list: 'rules' | 'moderation' | null; rule: number | null; field: string | null; mark: Mark };

const issueStart = /'(rules\[\d+\][\w.]*|[a-z_]+(?:\.[\w.[\]]+)?)'/g;
const place = /\(line (\d+), column (\d+)\)/;

/** The complaints in the server's refusal of a policy, each with the rule, the field, and line and column in it where they are told. */
export const issuesOf = (detail: string): Issue[] => {
  const starts = [...detail.matchAll(issueStart)];
  if (starts.length === 0) return [{ list: null, rule: null, field: null, mark: { line: 1, column: 1, message: detail } }];
  const isHead = (match: RegExpExecArray) => match.index === 0 || /[.)] $/.test(detail.slice(0, match.index)) || /cannot govern\. $/.test(detail.slice(0, match.index));
  const heads = starts.filter(isHead);
  return heads.map((head, index) => {
    const message = detail.slice(head.index, heads[index + 1]?.index ?? detail.length).trim();
    const inRule = /^(moderation\.)?rules\[(\d+)\](?:\.(\w+))?$/.exec(head[1]!);
    const [, line, column] = place.exec(message) ?? [];
    return { list: inRule ? (inRule[1] ? 'moderation' : 'rules') : null, rule: inRule ? Number(inRule[2]) : null, field: inRule?.[3] ?? (inRule ? null : head[1]!), mark: { line: Number(line ?? 1), column: Number(column ?? 1), message } };
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

export const appliesAt = (rule: ModerationRule, stage: Stage) => (rule.stages ?? ['input']).includes(stage);

export const matchesModeration = (rule: ModerationRule, filter: { q?: string; severity?: Severity; stage?: Stage }) => {
  const words = filter.q?.trim().toLowerCase();
  return (!filter.severity || rule.severity === filter.severity) && (!filter.stage || appliesAt(rule, filter.stage)) && (!words || [rule.id, rule.category, rule.message, ...rule.patterns].join('\n').toLowerCase().includes(words));
};

/** The policy with another moderation; what says nothing is left out, so that only what differs is a change. */
export const withModeration = (policy: Policy, change: Partial<Moderation>): Policy => ({ ...policy, moderation: JSON.parse(JSON.stringify({ ...policy.moderation, ...change })) as Moderation });

/** One moderation rule put in the place of `at`, or added at the end. */
export const withModerationRule = (policy: Policy, at: number, rule: ModerationRule): Policy =>
  withModeration(policy, { rules: at < 0 ? [...policy.moderation.rules, rule] : policy.moderation.rules.map((old, index) => (index === at ? rule : old)) });
