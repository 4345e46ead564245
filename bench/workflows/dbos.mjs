// DBOS, driven by `soma bench workflows`.
import { DBOS } from "@dbos-inc/dbos-sdk";
import { rounds, step } from "./rounds.mjs";

const run = DBOS.registerWorkflow(
  async (number) => {
    const first = await DBOS.runStep(() => step(number), { name: "first" });
    return await DBOS.runStep(() => step(first.number + 1), { name: "second" });
  },
  { name: "two_steps" },
);

DBOS.setConfig({ name: "soma-bench", systemDatabaseUrl: process.argv[2], logLevel: "error", runAdminServer: false });
await DBOS.launch();

await rounds(async (number) => {
  const handle = await DBOS.startWorkflow(run)(number);
  await handle.getResult();
});
await DBOS.shutdown();
