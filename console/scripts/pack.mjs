// Makes one file of the built console: its texts packed with gzip, which the server hands out as they are, and the list of them in front.
// One file is whole or not there, so a build that runs at the same time never meets half of it.
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const site = here('../../artifacts/console-site');
const product = here('../../artifacts/console.pack');
const texts = /\.(js|css|svg|json|html)$/;

// The server shows the page at these addresses and at no other, so that an unknown address of the API stays an error.
const screens = readdirSync(here('../src/screens'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) => [...readFileSync(join(here('../src/screens'), entry.name, 'screen.ts'), 'utf8').matchAll(/path: '\/([a-z-]*)/g)].map((match) => match[1]))
  .filter(Boolean);

const files = readdirSync(site, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('.vite'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: relative(site, path).replaceAll('\\', '/'), content: readFileSync(path) }))
  .concat({ path: 'screens.json', content: Buffer.from(JSON.stringify([...new Set(screens)].sort())) })
  .sort((one, other) => (one.path < other.path ? -1 : 1))
  // The same bytes on every machine: no name, no time.
  .map(({ path, content }) => (texts.test(path) && path !== 'index.html' && path !== 'screens.json' ? { path, packed: true, content: gzipSync(content, { level: 9 }) } : { path, packed: false, content }));

const list = JSON.stringify(files.map(({ path, packed, content }) => ({ path, packed, length: content.length })));
writeFileSync(`${product}.new`, Buffer.concat([Buffer.from(`${list}\n`), ...files.map((file) => file.content)]));
renameSync(`${product}.new`, product);
