export type PlannedStep = { name: string; action: string; after: readonly string[] };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const isStep = (value: unknown): value is PlannedStep => isObject(value) && typeof value.name === 'string' && typeof value.action === 'string' && Array.isArray(value.after) && value.after.every((one) => typeof one === 'string');

/** The steps with what each waits for, out of the first event of a history: as it began, or as a long one went on. */
export const planOf = (event: unknown): readonly PlannedStep[] | null => {
  const holder = isObject(event) && isObject(event.snapshot) ? event.snapshot : event;
  if (!isObject(holder) || !isObject(holder.plan) || !isObject(holder.plan.capsule)) return null;
  const { steps } = holder.plan.capsule;
  return Array.isArray(steps) && steps.every(isStep) ? steps : null;
};
