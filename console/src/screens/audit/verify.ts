import { api, bodyOf, call, type Schemas } from '~/api/client.ts';
import { bytesOf, isSigned, rootFrom, same, sealOf, type ExportedLine } from './merkle.ts';

export type Check = { id: 'leaf' | 'path' | 'signature' | 'text'; holds: boolean | null; detail: string };
export type LineProof = { checks: readonly Check[]; treeSize: number; signedAt: string; keyId: string };

/** Checks one line against a signed checkpoint, in this browser: the server only hands over hashes. */
export const verifyLine = async (event: Schemas['AuditEvent']): Promise<LineProof> => {
  const proof = await bodyOf(api.GET('/v1/audit/proof', { params: { query: { position: event.position } } }));
  const { checkpoint } = proof;
  const seal = bytesOf(event.seal);
  const root = await rootFrom(seal, proof.leaf_index, checkpoint.tree_size, proof.proof.map(bytesOf));
  const signedText = checkpoint.signed.split('\n');
  // The signature covers this text; what it says must be what the proof used.
  const names = signedText[1] === String(checkpoint.tree_size) && signedText[2] === checkpoint.root;
  return {
    treeSize: checkpoint.tree_size,
    signedAt: checkpoint.signed_at,
    keyId: checkpoint.key_id,
    checks: [
      { id: 'leaf', holds: same(seal, bytesOf(proof.seal)), detail: event.seal },
      { id: 'path', holds: root !== null && same(root, bytesOf(checkpoint.root)), detail: checkpoint.root },
      { id: 'signature', holds: checkpoint.public_key === null ? null : names && (await isSigned(checkpoint.signed, bytesOf(checkpoint.signature), bytesOf(checkpoint.public_key))), detail: checkpoint.key_id },
    ],
  };
};

export type WholeProof = { lines: number; bad: readonly number[]; complete: boolean };

/** Reads every line of the tenant and computes each seal anew from the exact text; nothing of it is taken on trust. */
export const verifyAll = async (onProgress: (lines: number) => void, signal: AbortSignal): Promise<WholeProof> => {
  const response = await call(new Request('/v1/audit/export', { signal }));
  const reader = response.body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>).getReader();
  let rest = '';
  let lines = 0;
  let told: number | null = null;
  const bad: number[] = [];
  const take = async (text: string) => {
    const line = JSON.parse(text) as ExportedLine | { lines: number };
    if ('lines' in line) {
      told = line.lines;
      return;
    }
    lines++;
    if (!same(await sealOf(line), bytesOf(line.seal))) bad.push(line.position);
    onProgress(lines);
  };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split('\n');
    rest = parts.pop()!;
    for (const part of parts) await take(part);
  }
  if (rest.trim()) await take(rest);
  return { lines, bad, complete: told === lines };
};
