import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { nextWait, parseRetryAfter } from "../dist/retry.js";
import { uuidv7 } from "../dist/uuid.js";

const shared = JSON.parse(readFileSync(new URL("../../scenario/retry.json", import.meta.url), "utf8"));

test("every shared case gives its wait", () => {
  assert.ok(shared.cases.length > 20);
  for (const given of shared.cases) {
    const c = { ...shared.defaults, ...given };
    const options = { maxAttempts: c.max_attempts, base: c.base, max: c.max, deadline: c.deadline, random: () => c.random };
    const wait = nextWait(options, c.attempt, { status: c.status ?? undefined, code: c.code ?? undefined, retryAfter: c.retry_after ?? undefined }, c.elapsed);
    assert.equal(wait ?? null, c.wait, c.name);
  }
});

test("Retry-After is read as seconds or as a date", () => {
  for (const { header, now, seconds } of shared.retry_after) assert.equal(parseRetryAfter(header, new Date(now)) ?? null, seconds, String(header));
});

test("keys are UUIDv7: version, variant, the time in front, never the same", () => {
  const ids = Array.from({ length: 1000 }, () => uuidv7());
  assert.equal(new Set(ids).size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(uuidv7(0x0123_4567_89ab).startsWith("01234567-89ab-7"));
});
