import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned, rootFrom, same, sealOf } from './merkle.ts';

const sha = (...parts: Uint8Array[]) => new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());
const inner = (left: Uint8Array, right: Uint8Array) => sha(Uint8Array.of(1), left, right);
const split = (size: number) => 2 ** Math.floor(Math.log2(size - 1));

/** RFC 6962 as it is written: from the top down. */
const root = (leaves: readonly Uint8Array[]): Uint8Array => (leaves.length === 1 ? leaves[0]! : inner(root(leaves.slice(0, split(leaves.length))), root(leaves.slice(split(leaves.length)))));
const path = (leaves: readonly Uint8Array[], index: number): Uint8Array[] => {
  if (leaves.length === 1) return [];
  const half = split(leaves.length);
  return index < half ? [...path(leaves.slice(0, half), index), root(leaves.slice(half))] : [...path(leaves.slice(half), index - half), root(leaves.slice(0, half))];
};
const leavesOf = (size: number) => Array.from({ length: size }, (_, index) => sha(Uint8Array.of(0, index)));

describe('inclusion', () => {
  it('holds for every leaf of trees of any shape, and for no other leaf', async () => {
    for (let size = 1; size <= 17; size++) {
      const leaves = leavesOf(size);
      for (let index = 0; index < size; index++) {
        const found = await rootFrom(leaves[index]!, index, size, path(leaves, index));
        expect(found && same(found, root(leaves)), `${index} of ${size}`).toBe(true);
        const other = await rootFrom(sha(Uint8Array.of(9)), index, size, path(leaves, index));
        expect(other && same(other, root(leaves)), `another leaf at ${index} of ${size}`).toBe(false);
      }
    }
  });

  it('refuses a path that is too long, too short or for another place', async () => {
    const leaves = leavesOf(7);
    expect(await rootFrom(leaves[2]!, 2, 7, [...path(leaves, 2), leaves[0]!])).toBeNull();
    expect(await rootFrom(leaves[2]!, 2, 7, path(leaves, 2).slice(1))).toBeNull();
    expect(await rootFrom(leaves[2]!, 7, 7, path(leaves, 2))).toBeNull();
  });
});

describe('the seal', () => {
  const line = { position: 1, tx: 0, id: 'i', tenant: 't', subject: 's/ü', version: 3, type: 'x.v1', occurred_at: 17, actor: 'a', trace_id: 'f', data: '{"n":1.0}', seal: '' };

  it('covers every field with its length', async () => {
    const fields = ['i', 't', 's/ü', '3', 'x.v1', '17', 'a', 'f', '{"n":1.0}'].flatMap((text) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(Buffer.byteLength(text)));
      return [new Uint8Array(length), new TextEncoder().encode(text)];
    });
    expect(same(await sealOf(line), sha(Uint8Array.of(0), ...fields))).toBe(true);
  });

  it('changes when a byte moves from one field to the next', async () => expect(same(await sealOf(line), await sealOf({ ...line, actor: '', trace_id: 'af' }))).toBe(false));
});

describe('the signature', () => {
  it('is believed from the key that made it and from no other', async () => {
    const mine = generateKeyPairSync('ed25519');
    const raw = (pair: typeof mine) => new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
    const text = 'somastack journal checkpoint v1\n5\n';
    const signature = new Uint8Array(sign(null, Buffer.from(text), mine.privateKey));
    expect(await isSigned(text, signature, raw(mine))).toBe(true);
    expect(await isSigned(`${text} `, signature, raw(mine))).toBe(false);
    expect(await isSigned(text, signature, raw(generateKeyPairSync('ed25519')))).toBe(false);
  });
});
