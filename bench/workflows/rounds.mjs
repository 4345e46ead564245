// What every peer of `soma bench workflows` does: a step that counts, and rounds. One line "RUNS IN_FLIGHT" on standard input is one round; the answer is
// the milliseconds it took.
import { createInterface } from "node:readline";

let done = 0;
export const step = async (number) => {
  done++;
  return { number };
};

/** @param once does one run of two steps. @param repeats whether the peer may do a step again. */
export const rounds = async (once, { repeats = false } = {}) => {
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const [runs, inFlight] = line.split(" ").map(Number);
    const before = done;
    const began = performance.now();
    let next = 0;
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (next < runs) await once(next++);
      }),
    );
    const took = performance.now() - began;
    const steps = done - before;
    if (repeats ? steps < 2 * runs : steps !== 2 * runs) throw new Error(`${steps} steps were done for ${runs} runs`);
    process.stdout.write(`${took}\n`);
  }
};
