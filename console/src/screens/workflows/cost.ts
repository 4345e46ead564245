type Costing = { cost: number; output: unknown; items?: readonly Costing[] | null };

const isUnpriced = (output: unknown) => typeof output === 'object' && output !== null && 'cost_nanos' in output && output.cost_nanos === null;

/** What a step cost, with its items; null where an answer had no known price, which is no nought. */
export const costOf = (step: Costing): number | null => {
  const parts = step.items?.length ? step.items.map(costOf) : [isUnpriced(step.output) ? null : step.cost];
  return parts.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0);
};
