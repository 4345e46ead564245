export type Principle = { id: string; title: string; body: string };
export type Overlay = { principles?: Principle[]; prohibitions?: string[]; ceilings?: Record<string, number>; required_approvals?: Record<string, number> };
export type Document = { title?: string; preamble?: string; principles?: Principle[]; enforcement?: { prohibitions?: string[]; ceilings?: Record<string, number>; required_approvals?: Record<string, number> } } & Record<string, unknown>;

export const ceilingNames = ['risk', 'input_tokens', 'output_tokens', 'cost'] as const;
export const approvalsMax = 5;

const has = <T>(record: Record<string, T> | undefined, name: string) => record !== undefined && Object.hasOwn(record, name);

/** Places at which an overlay would be less strict than the document. The server refuses them; here they are shown while it is written. */
export const loosens = (document: Document, overlay: Overlay): string[] => {
  const given = document.enforcement ?? {};
  const known = new Set((document.principles ?? []).map((principle) => principle.id));
  return [
    ...(overlay.principles ?? []).filter((principle) => known.has(principle.id)).map((principle) => `principles/${principle.id}`),
    ...Object.entries(overlay.ceilings ?? {}).filter(([name, value]) => has(given.ceilings, name) && value > given.ceilings![name]!).map(([name]) => `ceilings/${name}`),
    ...Object.entries(overlay.required_approvals ?? {}).filter(([kind, count]) => has(given.required_approvals, kind) && count < given.required_approvals![kind]!).map(([kind]) => `required_approvals/${kind}`),
  ];
};

/** Whether the next overlay keeps everything that the one before it asks for; one that does not takes two keys. */
export const keepsAll = (before: Overlay, next: Overlay) =>
  (before.prohibitions ?? []).every((kind) => next.prohibitions?.includes(kind)) &&
  Object.entries(before.ceilings ?? {}).every(([name, value]) => has(next.ceilings, name) && next.ceilings![name]! <= value) &&
  Object.entries(before.required_approvals ?? {}).every(([kind, count]) => has(next.required_approvals, kind) && next.required_approvals![kind]! >= count) &&
  (before.principles ?? []).every((one) => next.principles?.some((other) => JSON.stringify(one, Object.keys(one).sort()) === JSON.stringify(other, Object.keys(other).sort())));

/** Without what is empty: an overlay says nothing about what it does not name. */
export const trimmed = (overlay: Overlay): Overlay => {
  const kept: Overlay = {};
  if (overlay.principles?.length) kept.principles = overlay.principles;
  if (overlay.prohibitions?.length) kept.prohibitions = [...overlay.prohibitions].sort();
  if (overlay.ceilings && Object.keys(overlay.ceilings).length) kept.ceilings = overlay.ceilings;
  if (overlay.required_approvals && Object.keys(overlay.required_approvals).length) kept.required_approvals = overlay.required_approvals;
  return kept;
};
