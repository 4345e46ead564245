/** The nonce of this page, for libraries that must bring a style sheet of their own. Everything else is in files. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

// Read by get-nonce, which Radix' dialogs and menus use.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = styleNonce;
