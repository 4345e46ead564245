const hashBytes = 32;

export const bytesOf = (base64: string) => Uint8Array.from(atob(base64.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

export const same = (one: Uint8Array, other: Uint8Array) => one.length === other.length && one.every((byte, index) => byte === other[index]);

const sha256 = async (parts: readonly Uint8Array[]) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
};

const node = (left: Uint8Array, right: Uint8Array) => sha256([Uint8Array.of(1), left, right]);

/** The root that a leaf and its audit path lead to (RFC 9162, 2.1.3.2); null when the path does not fit index and size. */
export const rootFrom = async (leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[]): Promise<Uint8Array | null> => {
  if (index < 0 || index >= size) return null;
  let [at, last] = [BigInt(index), BigInt(size) - 1n];
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0n || sibling.length !== hashBytes) return null;
    if ((at & 1n) === 1n || at === last) {
      hash = await node(sibling, hash);
      while ((at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else hash = await node(hash, sibling);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n ? hash : null;
};

/** A line as `/v1/audit/export` writes it: `data` is the exact text under the seal. */
export type ExportedLine = { position: number; tx: number; id: string; tenant: string; subject: string; version: number; type: string; occurred_at: number; actor: string; trace_id: string; data: string; seal: string };

/** The seal that the fields of a line really have: SHA-256(0x00 ‖ fields), each preceded by its length in 8 bytes. */
export const sealOf = (line: ExportedLine) => {
  const encoder = new TextEncoder();
  const fields = [line.id, line.tenant, line.subject, String(line.version), line.type, String(line.occurred_at), line.actor, line.trace_id, line.data];
  return sha256([
    Uint8Array.of(0),
    ...fields.flatMap((field) => {
      const text = encoder.encode(field);
      const length = new Uint8Array(8);
      new DataView(length.buffer).setBigUint64(0, BigInt(text.length));
      return [length, text];
    }),
  ]);
};

/** Whether this key signed this text; null where the browser cannot verify Ed25519. */
export const isSigned = async (text: string, signature: Uint8Array<ArrayBuffer>, publicKey: Uint8Array<ArrayBuffer>): Promise<boolean | null> => {
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
    return await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, new TextEncoder().encode(text));
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotSupportedError') return null;
    throw cause;
  }
};
