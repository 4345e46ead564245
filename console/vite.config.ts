import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const server = process.env.SOMA_URL ?? 'http://127.0.0.1:8080';
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: '/console/',
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '~': here('./src') }, dedupe: ['react', 'react-dom'] },
  // The server puts a fresh nonce in place of the word, so that libraries which need a style sheet of their own can have one.
  html: { cspNonce: 'SOMA_NONCE' },
  build: {
    outDir: here('../artifacts/console-site'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Lists of any length come with the first screen that has one.
    rolldownOptions: { output: { codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: 'lists', test: /virtual-core|react-virtual|uix[/\\]src[/\\](DataTable|VirtualList)/ }] } } },
  },
  server: { proxy: { '/v1': server, '/.well-known': server, '/readyz': server, '/openapi': server } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}', 'packages/uix/src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/testSetup.ts'],
    // A limit against hanging, not a measurement: the trees of the audit's test take long on a busy machine.
    testTimeout: 60_000,
  },
});
