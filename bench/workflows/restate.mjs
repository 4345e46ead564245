// Restate, driven by `soma bench workflows` inside a network namespace of its own: its server, a service of two durable steps and its caller.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rounds, step } from "./rounds.mjs";

// Read when the SDK is loaded: a line for each call would cost it more than the call.
process.env.RESTATE_LOGGING = "ERROR";
const restate = await import("@restatedev/restate-sdk");

// The SDK asks for Node 22's; this one may be older.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

const folder = process.argv[2];
const [ingress, admin, node, service] = [28080, 29070, 25122, 29080];
const binary = join(dirname(createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json")), "..", "restate-server-linux-x64", "bin", "restate-server");

process.on("uncaughtException", (error) => (console.error(error), process.exit(1)));

const bench = restate.service({
  name: "bench",
  handlers: {
    twoSteps: async (context, number) => {
      const first = await context.run("first", () => step(number));
      return await context.run("second", () => step(first.number + 1));
    },
  },
});
await restate.serve({ services: [bench], port: service });

const server = spawn(binary, ["--base-dir", folder, "--node-name", "bench"], {
  stdio: "ignore",
  env: {
    ...process.env,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_DISABLE_TELEMETRY: "true",
  },
});
process.on("exit", () => server.kill("SIGKILL"));

const patiently = async (action) => {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await action();
      if (answer.ok) return answer;
      if (attempt > 300) throw new Error(`${answer.status}: ${await answer.text()}`);
    } catch (error) {
      if (attempt > 300) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
const post = (url, body) => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
await patiently(() => fetch(`http://127.0.0.1:${admin}/health`));
await patiently(() => post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${service}`, force: true }));
await patiently(() => post(`http://127.0.0.1:${ingress}/bench/twoSteps`, 0));

await rounds(
  async (number) => {
    const answer = await post(`http://127.0.0.1:${ingress}/bench/twoSteps`, number);
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    await answer.json();
  },
  { repeats: true },
);
process.exit(0);
