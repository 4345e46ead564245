import type { Numbers } from '~/app/numbers.ts';

const minuteMs = 60_000;
const secondMs = 1_000;

/** A span of time in the largest unit that says enough. */
export const took = (number: Numbers, ms: number) => (ms < minuteMs ? number.ms(Math.round(ms)) : number.seconds(ms / secondMs));
