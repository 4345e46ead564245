const base64Url = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const verifierBytes = 32;

export const randomText = () => base64Url(crypto.getRandomValues(new Uint8Array(verifierBytes)));

/** RFC 7636, S256. */
export const challengeOf = async (verifier: string) => base64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
