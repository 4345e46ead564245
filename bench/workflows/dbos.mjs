// DBOS, driven by `soma bench workflows`: one line "RUNS IN_FLIGHT" on standard input is one round; the answer is the milliseconds it took.
import { createInterface } from "node:readline";
import { DBOS } from "@dbos-inc/dbos-sdk";

let done = 0;
const step = async (number) => {
  done++;
  return { number };
};

const run = DBOS.registerWorkflow(
  async (number) => {
    const first = await DBOS.runStep(() => step(number), { name: "first" });
    return await DBOS.runStep(() => step(first.number + 1), { name: "second" });
  },
  { name: "two_steps" },
);

DBOS.setConfig({ name: "soma-bench", systemDatabaseUrl: process.argv[2], logLevel: "error", runAdminServer: false });
await DBOS.launch();
process.stdout.write("ready\n");

for await (const line of createInterface({ input: process.stdin })) {
  const [runs, inFlight] = line.split(" ").map(Number);
  const before = done;
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < runs) {
        const handle = await DBOS.startWorkflow(run)(next++);
        await handle.getResult();
      }
    }),
  );
  const took = performance.now() - began;
  if (done - before !== 2 * runs) throw new Error(`${done - before} steps were done for ${runs} runs`);
  process.stdout.write(`${took}\n`);
}
await DBOS.shutdown();
