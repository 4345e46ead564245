// Cedar, driven by `soma bench policy`: a line of JSON in, a line of JSON out.
//   node engine.mjs FILE
// FILE holds {"policies": {id: text}, "requests": [...]}. Commands: {"do":"check"} answers every decision once, {"do":"time","calls":N} the
// microseconds of N single calls, sorted out here because a pipe would cost more than a decision.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const cedar = createRequire(import.meta.url)("@cedar-policy/cedar-wasm/nodejs");
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
try {
  const { policies, requests } = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const parsed = cedar.preparsePolicySet("bench", { staticPolicies: policies });
  if (parsed.type !== "success") throw new Error(JSON.stringify(parsed.errors));
  const calls = requests.map((request) => ({ ...request, preparsedPolicySetId: "bench", entities: [] }));
  const ask = (call) => {
    const answer = cedar.statefulIsAuthorized(call);
    if (answer.type !== "success" || answer.response.diagnostics.errors.length > 0) throw new Error(JSON.stringify(answer));
    return answer.response;
  };
  say({});
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.do === "check") {
      say({ decisions: calls.map((call) => { const { decision, diagnostics } = ask(call); return decision === "allow" ? [] : diagnostics.reason.sort(); }) });
      continue;
    }
    const times = new Float64Array(command.calls);
    for (let i = 0; i < command.calls; i++) {
      const started = process.hrtime.bigint();
      ask(calls[i % calls.length]);
      times[i] = Number(process.hrtime.bigint() - started) / 1000;
    }
    times.sort();
    say({ p50: times[Math.floor(times.length * 0.5)], p99: times[Math.floor(times.length * 0.99)] });
  }
} catch (error) {
  say({ error: String(error?.message ?? error).split("\n")[0] });
  process.exitCode = 1;
}
