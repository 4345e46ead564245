// Runs clients/scenario/memory.json through this client against SOMA_URL with SOMA_TOKEN; one line a step, exit code 1 at the first fault.
import { readFileSync } from "node:fs";
import { SomaClient, SomaError, SomaTimeoutError } from "../dist/index.js";
import { fault } from "./matching.mjs";

const { SOMA_URL: url, SOMA_TOKEN: token, SOMA_FLAKY_URL: flaky, SOMA_RUN: run = `ts-${Date.now()}` } = process.env;
if (!url || !token) {
  console.error("Set SOMA_URL and SOMA_TOKEN.");
  process.exit(2);
}
const file = process.env.SOMA_SCENARIO ?? new URL("../../scenario/memory.json", import.meta.url);
const saved = new Map([["run", run], ["namespace", `scenario-${run}`]]);
const eventuallyMax = 10_000;

async function all(items) {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

const calls = {
  remember: (c, a, o) => c.memory.remember(a, o),
  remember_batch: (c, a, o) => c.memory.rememberMany(a.items, { ...o, namespace: a.namespace }),
  recall: (c, a, o) => c.memory.recall(a, o),
  rag_retrieve: (c, a, o) => c.memory.retrieve(a, o),
  link: (c, a, o) => c.memory.link(a, o),
  unlink: (c, a, o) => c.memory.unlink(a.id, o),
  neighbors: (c, a, o) => c.memory.neighbors(a, o),
  path: (c, a, o) => c.memory.path(a.from, a.to, { ...o, maxLength: a.max_length }),
  get: (c, a, o) => c.memory.get(a.id, o),
  list: (c, a, o) => all(c.memory.list({ ...o, namespace: a.namespace, pageSize: a.page_size })),
  history: (c, a, o) => all(c.memory.history(a.id, o)),
  update: (c, a, o) => c.memory.update(a.id, a.patch, a.if_match, o),
  restore: (c, a, o) => c.memory.restore(a.id, a.version, o),
  delete: (c, a, o) => c.memory.delete(a.id, o),
  erasure: (c, a, o) => c.memory.erasure(a.id, o),
  forget: (c, a, o) => c.memory.forget(a, o),
  export: (c, a, o) => all(c.memory.export({ ...o, namespace: a.namespace })),
  import: (c, a, o) => c.memory.import(a.items, o),
  facts: (c, a, o) => c.memory.facts(a.id, o),
  find_facts: (c, a, o) => all(c.memory.findFacts(a, o)),
  hold: (c, a, o) => c.memory.hold(a.id, a.reason, o),
  release: (c, a, o) => c.memory.release(a.id, a.reason, o),
  wm_list: (c, a, o) => c.workingMemory.list(a.session, o),
  wm_admit: (c, a, o) => c.workingMemory.admit(a, o),
  wm_recall: (c, a, o) => c.workingMemory.recall(a.session, a.query, { ...o, topK: a.top_k }),
  wm_pin: (c, a, o) => c.workingMemory.pin(a.session, a.id, o),
  wm_unpin: (c, a, o) => c.workingMemory.unpin(a.session, a.id, o),
  wm_remove: (c, a, o) => c.workingMemory.remove(a.session, a.id, o),
  wm_clear: (c, a, o) => c.workingMemory.clear(a.session, o),
  wm_status: (c, a, o) => c.workingMemory.status(a.session, o),
  wm_promote: (c, a, o) => c.workingMemory.promote(a.session, a.id, a.reason, o),
  outbox_submit: (c, a, o) => c.outbox.submit(a.items, o),
  outbox_list: (c, a, o) => all(c.outbox.list({ ...o, state: a.state })),
  outbox_status: (c, a, o) => c.outbox.status(o),
  outbox_dead_letters: (c, a, o) => all(c.outbox.deadLetters(o)),
  outbox_replay: (c, a, o) => c.outbox.replay(a.item_id, o),
  constitution_version: (c, a, o) => c.constitution.version(o),
  constitution_get: (c, a, o) => c.constitution.get(o),
  constitution_checksum: (c, a, o) => c.constitution.checksum(o),
  session_start: (c, a, o) => c.sessions.start(a.prompt, o),
  session_follow: (c, a, o) => all(c.sessions.follow(a.session, a.after, { ...o, untilIdle: true })),
  seen: async (c, a) => (await fetch(new URL(`/seen/${a.name}`, flaky))).json(),
};

/** Puts what was saved in the place of ${name}; a text that is nothing else becomes the value itself. */
function fill(value) {
  if (typeof value === "string") {
    const whole = /^\$\{(\w+)\}$/.exec(value);
    return whole ? saved.get(whole[1]) : value.replace(/\$\{(\w+)\}/g, (_, name) => String(saved.get(name)));
  }
  if (Array.isArray(value)) return value.map(fill);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item)]));
  return value;
}

/** A part of an answer: names and places with dots between them; `?field=value` is the first item that has it. */
function at(value, path) {
  for (const part of path === "" ? [] : path.split(".")) {
    const [field, wanted] = part.startsWith("?") ? part.slice(1).split("=") : [];
    value = field ? value.find((item) => item[field] === wanted) : value?.[part];
  }
  return value;
}

function describe(failure, signal) {
  if (failure instanceof SomaError) {
    const { status, code, message: detail, remedy, traceId: trace_id, retryAfter: retry_after, reasons, errors } = failure;
    return { status, code, detail, remedy, trace_id, retry_after, reasons, errors };
  }
  if (failure instanceof SomaTimeoutError) return { timed_out: true };
  if (signal.aborted && failure === signal.reason) return { cancelled: true };
  throw failure;
}

async function outcome(client, step) {
  const { needs, ...args } = fill(step.args);
  const controller = new AbortController();
  const timer = step.cancel_after_ms === undefined ? undefined : setTimeout(() => controller.abort(), step.cancel_after_ms);
  const options = { signal: controller.signal };
  if (step.idempotency_key) options.idempotencyKey = fill(step.idempotency_key);
  try {
    return { result: (await calls[step.call](client, args, options)) ?? null };
  } catch (failure) {
    return { error: describe(failure, controller.signal) };
  } finally {
    clearTimeout(timer);
  }
}

function compare(step, { result, error }) {
  if (step.error) return error ? fault(fill(step.error), error) : `expected a refusal, actual ${JSON.stringify(result)}`;
  return error ? `refused: ${JSON.stringify(error)}` : fault(fill(step.expect), result);
}

/** @returns how the step went; throws with the fault */
async function run_step(step) {
  const unsaved = [...JSON.stringify(step).matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]).find((name) => !saved.has(name));
  if (unsaved && step.when_built) return `not built  ${step.name} (needs ${unsaved})`;
  if (!flaky && (step.via || step.call === "seen" || unsaved)) return `passed by  ${step.name} (no SOMA_FLAKY_URL)`;
  if (unsaved) throw new Error(`'${unsaved}' was not saved`);
  const given = step.client ?? {};
  const client = new SomaClient({
    baseUrl: step.via ? new URL(fill(step.via), flaky) : url, token, tenant: given.tenant, maxAttempts: given.max_attempts,
    deadline: given.deadline_ms === undefined ? undefined : given.deadline_ms / 1000,
    constitutionCache: given.constitution_cache_ms === undefined ? undefined : given.constitution_cache_ms / 1000,
  });
  let came;
  for (let times = step.times ?? 1; times > 0; times--) came = await outcome(client, step);
  if (step.when_built && ["not_built", "not_found", "method_not_allowed"].includes(came.error?.code)) return `not built  ${step.name}`;
  const started = performance.now();
  for (let wrong = compare(step, came); wrong; wrong = compare(step, came)) {
    if (!step.eventually || performance.now() - started > eventuallyMax) throw new Error(wrong);
    came = await outcome(client, step);
  }
  for (const [name, path] of Object.entries(step.save ?? {})) saved.set(name, at(came.result, fill(path)));
  return `ok         ${step.name}`;
}

for (const step of JSON.parse(readFileSync(file, "utf8")).steps) {
  try {
    console.log(await run_step(step));
  } catch (failure) {
    console.log(`FAILED     ${step.name}: ${failure.message}${failure.cause ? ` (${failure.cause})` : ""}`);
    process.exit(1);
  }
}
console.log("all steps passed");
