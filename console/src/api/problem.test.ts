import { describe, expect, it } from 'vitest';
import { problemOf } from './problem.ts';

const body = { type: '/docs/errors#forbidden', title: 'You may not do this', status: 403, detail: 'd', code: 'forbidden', remedy: 'r', trace_id: 'f'.repeat(32) };

describe('a refusal', () => {
  it('names the right that is missing', async () => {
    const problem = await problemOf(Response.json(body, { status: 403, headers: { 'WWW-Authenticate': 'Bearer realm="somastack", error="insufficient_scope", scope="audit:read"' } }));
    expect([problem.code, problem.capability, problem.problem.trace_id]).toEqual(['forbidden', 'audit:read', body.trace_id]);
  });

  it('says how long to wait', async () => expect((await problemOf(Response.json({ ...body, status: 429 }, { status: 429, headers: { 'Retry-After': '3' } }))).retryAfterSeconds).toBe(3));

  it('of somebody on the way is told as such', async () => {
    const problem = await problemOf(new Response('<h1>Bad Gateway</h1>', { status: 502 }));
    expect([problem.code, problem.status, problem.capability]).toEqual(['unknown_answer', 502, null]);
  });
});
