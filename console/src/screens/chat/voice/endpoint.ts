/**
 * Where speech begins and ends, from how likely it is in each window of 32 ms. It begins when two windows in a row are likely, and ends after 0.7 s
 * that are not; between the two thresholds nothing changes, so a breath does not cut a sentence. Pure.
 */
export type Endpoint = { speaking: boolean; likely: number; unlikely: number; windows: number };
export type Turn = 'start' | 'end' | null;

export const silence: Endpoint = { speaking: false, likely: 0, unlikely: 0, windows: 0 };

const beginsAt = 0.5;
const endsBelow = 0.35;
const likelyToBegin = 2;
const unlikelyToEnd = 22;

export const listen = (before: Endpoint, probability: number): [Endpoint, Turn] => {
  if (!before.speaking) {
    const likely = probability >= beginsAt ? before.likely + 1 : 0;
    return likely >= likelyToBegin ? [{ speaking: true, likely: 0, unlikely: 0, windows: likely }, 'start'] : [{ ...silence, likely }, null];
  }
  const unlikely = probability < endsBelow ? before.unlikely + 1 : probability >= beginsAt ? 0 : before.unlikely;
  return unlikely >= unlikelyToEnd ? [silence, 'end'] : [{ ...before, unlikely, windows: before.windows + 1 }, null];
};
