import { bytesOf, isSigned } from '../audit/merkle.ts';

/** RFC 8785: names in the order of their UTF-16 units, numbers and texts as ECMAScript writes them. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`).join(',')}}`;
  return JSON.stringify(value);
};

const sha256 = async (text: string) => new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const base64Url = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export const hashOf = async (document: unknown) => hex(await sha256(canonical(document)));

/** The hash under which a document and a tenant's overlay govern together. */
export const effectiveHash = (base: string, overlay: string) => hashOf({ base_sha256: base, overlay_sha256: overlay, type: 'somastack.constitution.effective' });

const micros = 6;

/** An instant as the statement writes it: UTC, six places. */
export const microInstant = (text: string) => {
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)$/.exec(text) ?? [];
  return seconds ? `${seconds}.${fraction.padEnd(micros, '0').slice(0, micros)}Z` : null;
};

/** What a signer signs: which document, as which version, from when, for whom. `tenant` is `*` for the installation's. */
export const statementOf = ({ tenant, version, issuedAt, hash }: { tenant: string; version: number; issuedAt: string; hash: string }) => {
  const issued_at = microInstant(issuedAt);
  return issued_at === null ? null : canonical({ document_sha256: hash, issued_at, tenant, type: 'somastack.constitution', version });
};

const keyBytes = 32;

/** An Ed25519 public key as a `.pub` file or a PEM holds it; null when it is none. */
export const publicKeyOf = (text: string): Uint8Array<ArrayBuffer> | null => {
  const body = text.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '');
  try {
    const bytes = bytesOf(body);
    // A PEM wraps the key in its algorithm; the key itself stands at the end.
    return bytes.length === keyBytes ? bytes : /PUBLIC KEY/.test(text) && bytes.length > keyBytes ? bytes.slice(-keyBytes) : null;
  } catch {
    return null;
  }
};

/** RFC 7638, which is how the server names a signer's key. */
export const thumbprint = async (key: Uint8Array) => base64Url(await sha256(canonical({ crv: 'Ed25519', kty: 'OKP', x: base64Url(key) })));

export type Signature = { key_id: string; algorithm: string; value: string };

/** Whether one of the given keys made this signature; null when none of them is named by it, or this browser cannot tell. */
export const signedBy = async (signature: Signature, statement: string, keys: readonly Uint8Array<ArrayBuffer>[]): Promise<boolean | null> => {
  if (signature.algorithm !== 'ed25519') return null;
  for (const key of keys) if ((await thumbprint(key)) === signature.key_id) return isSigned(statement, bytesOf(signature.value), key);
  return null;
};
