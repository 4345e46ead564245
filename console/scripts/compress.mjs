// Writes a .gz beside every text file of the built console and takes the text away: the server hands out the packed one as it is.
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = fileURLToPath(new URL('../../artifacts/console-site', import.meta.url));
const packed = /\.(js|css|svg|json|map)$/;

const walk = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) walk(path);
    else if (packed.test(name)) {
      // The same bytes on every machine: no name, no time.
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      rmSync(path);
    }
  }
};

// The server shows the page at these addresses and at no other, so that an unknown address of the API stays an error.
const screens = fileURLToPath(new URL('../src/screens', import.meta.url));
const paths = readdirSync(screens, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) => [...readFileSync(join(screens, entry.name, 'screen.ts'), 'utf8').matchAll(/path: '\/([a-z-]*)/g)].map((match) => match[1]))
  .filter(Boolean);
writeFileSync(join(site, 'screens.json'), JSON.stringify([...new Set(paths)].sort()));

rmSync(join(site, '.vite'), { recursive: true, force: true });
walk(site);
