import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonical, effectiveHash, hashOf, microInstant, publicKeyOf, signedBy, statementOf, thumbprint } from './proof.ts';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the canonical text', () => {
  // The example of RFC 8785, 3.2.2 and 3.2.3.
  it('is that of the RFC', () =>
    expect(canonical(JSON.parse('{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}'))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ));

  it('sorts by UTF-16 units', () => expect(canonical({ '\ufb33': 1, '\u{1f600}': 2, '\u20ac': 3, 1: 4, '\r': 5 })).toBe('{"\\r":5,"1":4,"€":3,"\u{1f600}":2,"\ufb33":1}'));
});

describe('what was signed', () => {
  const parts = { tenant: 'demo', version: 2, issuedAt: '2026-11-22T18:00:00Z' };

  it('is the statement of docs/constitution.md, byte for byte', async () => {
    const hash = await hashOf({ b: 1, a: 2 });
    expect(hash).toBe(sha('{"a":2,"b":1}'));
    expect(statementOf({ ...parts, hash })).toBe(`{"document_sha256":"${hash}","issued_at":"2026-11-22T18:00:00.000000Z","tenant":"demo","type":"somastack.constitution","version":2}`);
  });

  it.each([['2026-11-22T18:00:00.12+00:00', '2026-11-22T18:00:00.120000Z'], ['2026-11-22T18:00:00.1234567Z', '2026-11-22T18:00:00.123456Z'], ['2026-11-22T19:00:00+01:00', null], ['yesterday', null]])('knows the instant %s', (text, instant) => expect(microInstant(text)).toBe(instant));

  it('is believed from the key that it names and that made it', async () => {
    const pair = generateKeyPairSync('ed25519');
    const other = generateKeyPairSync('ed25519');
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const raw = (pair.publicKey.export({ format: 'jwk' }) as { x: string }).x;
    const key = publicKeyOf(pem)!;
    expect(publicKeyOf(raw)).toEqual(key);
    const key_id = await thumbprint(key);
    expect(key_id).toBe(createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${raw}"}`).digest('base64url'));
    const statement = statementOf({ ...parts, hash: sha('{}') })!;
    const signature = { key_id, algorithm: 'ed25519', value: sign(null, Buffer.from(statement), pair.privateKey).toString('base64') };
    const wrong = { ...signature, value: sign(null, Buffer.from(statement), other.privateKey).toString('base64') };
    expect([await signedBy(signature, statement, [key]), await signedBy(signature, statement.replace('"version":2', '"version":3'), [key]), await signedBy(wrong, statement, [key]), await signedBy(signature, statement, [])]).toEqual([true, false, false, null]);
  });

  it.each(['', 'abc', '-----BEGIN PUBLIC KEY-----', '!'.repeat(43)])('takes %j for no key', (text) => expect(publicKeyOf(text)).toBeNull());

  it('of an overlay is one hash with the document', async () => expect(await effectiveHash('aa', 'bb')).toBe(sha('{"base_sha256":"aa","overlay_sha256":"bb","type":"somastack.constitution.effective"}')));
});
