import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import { SomaClient, SomaConnectionError, SomaError, SomaTimeoutError } from "../dist/index.js";

/** A real HTTP server that answers as the test says and keeps what came. */
async function serve(t, answer) {
  const seen = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    await answer(response, seen.length, request);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = (options) => new SomaClient({ baseUrl: `http://127.0.0.1:${server.address().port}/behind/`, token: "t", ...options });
  return { seen, client };
}

const json = (response, status, body, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

test("a write keeps one key for all its attempts, and another write has another", async (t) => {
  const { seen, client } = await serve(t, (response, n) => (n === 1 ? json(response, 503, {}, { "retry-after": "0" }) : n === 2 ? response.destroy() : json(response, 201, { id: "m" })));
  const soma = client();
  assert.equal((await soma.memory.remember({ text: "a" })).id, "m");
  await soma.memory.remember({ text: "a" });
  const keys = seen.map((request) => request.headers["idempotency-key"]);
  assert.equal(keys.length, 4);
  assert.deepEqual([keys[1], keys[2]], [keys[0], keys[0]]);
  assert.notEqual(keys[3], keys[0]);
  assert.equal(seen[0].url, "/behind/v1/remember");
  assert.equal(seen[0].headers.authorization, "Bearer t");
  assert.match(seen[0].headers["user-agent"], /^somastack-typescript\//);
  assert.equal(seen[0].headers["x-tenant-id"], undefined);
});

test("headers that were asked for are sent", async (t) => {
  const { seen, client } = await serve(t, (response) => json(response, 200, { id: "m" }, { etag: '"4"' }));
  const soma = client({ tenant: "demo", userAgent: "archive/2.1" });
  const changed = await soma.memory.update("a/b", { text: "x" }, '"3"', { idempotencyKey: "mine" });
  assert.equal(changed.etag, '"4"');
  assert.equal(seen[0].url, "/behind/v1/memory/a%2Fb");
  const { "x-tenant-id": tenant, "user-agent": agent, "if-match": match, "idempotency-key": key } = seen[0].headers;
  assert.deepEqual([tenant, match, key], ["demo", '"3"', "mine"]);
  assert.match(agent, /^archive\/2\.1 somastack-typescript\//);
});

test("a refusal says all that the server said", async (t) => {
  const problem = { status: 422, code: "invalid_request", detail: "'line' must be 1 or more", remedy: "Correct the named fields.", trace_id: "abc", errors: [{ field: "line", message: "must be 1 or more" }], reasons: [{ code: "r", message: "m" }] };
  const { seen, client } = await serve(t, (response) => json(response, 422, problem));
  const refusal = await client().memory.remember({ text: "a", line: 0 }).catch((error) => error);
  assert.ok(refusal instanceof SomaError);
  assert.deepEqual([refusal.status, refusal.code, refusal.message, refusal.remedy, refusal.traceId], [422, problem.code, problem.detail, problem.remedy, "abc"]);
  assert.deepEqual([refusal.errors, refusal.reasons], [problem.errors, problem.reasons]);
  assert.equal(seen.length, 1);
});

test("an abort ends the wait before a repetition", { timeout: 5000 }, async (t) => {
  const { seen, client } = await serve(t, (response) => json(response, 503, {}, { "retry-after": "30" }));
  const controller = new AbortController();
  // By the next turn of the loop the answer has been read and the wait has begun.
  const answered = async (...request) => {
    const response = await fetch(...request);
    const whole = new Response(await response.text(), response);
    setImmediate(() => controller.abort(new Error("enough")));
    return whole;
  };
  await assert.rejects(client({ fetch: answered }).memory.recall({ query: "q" }, { signal: controller.signal }), { message: "enough" });
  assert.equal(seen.length, 1);
});

test("an abort ends a call that is not answered, and one that has not begun", { timeout: 5000 }, async (t) => {
  const { seen, client } = await serve(t, () => undefined);
  const controller = new AbortController();
  const call = client().memory.recall({ query: "q" }, { signal: controller.signal });
  while (seen.length === 0) await new Promise(setImmediate);
  controller.abort(new Error("enough"));
  await assert.rejects(call, { message: "enough" });
  await assert.rejects(client().memory.recall({ query: "q" }, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(seen.length, 1);
});

test("no answer within the deadline is a timeout; no server is a connection error", { timeout: 5000 }, async (t) => {
  const { client } = await serve(t, () => undefined);
  await assert.rejects(client({ deadline: 0.1 }).memory.get("a"), SomaTimeoutError);
  const nobody = new SomaClient({ baseUrl: "http://127.0.0.1:1", token: "t", maxAttempts: 1 });
  await assert.rejects(nobody.memory.get("a"), (error) => error instanceof SomaConnectionError && !(error instanceof SomaTimeoutError));
});

test("lists fetch pages as they are needed", async (t) => {
  const { seen, client } = await serve(t, (response, n) => json(response, 200, { data: [{ id: `${n}a` }, { id: `${n}b` }], next_cursor: n < 3 ? `c${n}` : null }));
  const ids = [];
  for await (const memory of client().memory.list({ namespace: "n", pageSize: 2 })) ids.push(memory.id);
  assert.deepEqual(ids, ["1a", "1b", "2a", "2b", "3a", "3b"]);
  assert.deepEqual(seen.map((request) => request.url.split("?")[1]), ["namespace=n&limit=2", "namespace=n&limit=2&cursor=c1", "namespace=n&limit=2&cursor=c2"]);
  for await (const memory of client().memory.list()) {
    assert.equal(memory.id, "4a");
    break;
  }
  assert.equal(seen.length, 4);
});

test("an export is read over any cut of its bytes, and an import is sent line by line", async (t) => {
  const text = '{"text":"naïve 🦜"}\r\n\n{"text":"two"}\n{"text":"no end"}';
  const { seen, client } = await serve(t, async (response, n, request) => {
    if (request.method === "POST") return json(response, 200, { imported: 2, skipped: 0, failed: [] });
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    for (const byte of Buffer.from(text)) {
      response.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    response.end();
  });
  const found = [];
  for await (const item of client().memory.export()) found.push(item.text);
  assert.deepEqual(found, ["naïve 🦜", "two", "no end"]);
  async function* items() {
    yield { text: "eins" };
    yield { text: "zwei" };
  }
  assert.equal((await client().memory.import(items())).imported, 2);
  assert.equal(seen[1].body, '{"text":"eins"}\n{"text":"zwei"}\n');
  assert.equal(seen[1].headers["transfer-encoding"], "chunked");
});

test("a followed stream goes on after the last event that it saw", async (t) => {
  const { seen, client } = await serve(t, async (response, n) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (n === 1) {
      response.write(': hello\n\nid: 7\nevent: text.delta\ndata: {"text":\ndata: "a"}\n\nid: 8\nevent: text.delta\ndata: {"te', () => response.destroy());
    } else response.end('id: 8\nevent: turn.completed\ndata: {"ok":true}\n\n');
  });
  const found = [];
  for await (const event of client().sessions.follow("s", 6, { untilIdle: true })) found.push(event);
  assert.deepEqual(found, [{ id: 7, type: "text.delta", data: { text: "a" } }, { id: 8, type: "turn.completed", data: { ok: true } }]);
  assert.deepEqual(seen.map((request) => [request.headers["last-event-id"], request.url.split("?")[1]]), [["6", "until=idle&after=6"], ["7", "until=idle&after=7"]]);
});
