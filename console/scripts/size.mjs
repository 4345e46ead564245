// What the first screen costs before anything else is asked for: its scripts, packed as the server sends them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const site = fileURLToPath(new URL('../../artifacts/console-site/', import.meta.url));
export const budgetKb = 220;

const importsOf = (name) => [...readFileSync(join(site, name), 'utf8').matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)].map((match) => `assets/${match[1]}`);

/** The page's scripts and the home screen's, with everything that they import at once. In units of 1000 bytes. */
export const firstRoute = () => {
  const page = readFileSync(join(site, 'index.html'), 'utf8');
  const home = readdirSync(join(site, 'assets')).filter((name) => /^Home-.*\.js$/.test(name)).map((name) => `assets/${name}`);
  const names = new Set();
  const take = (name) => {
    if (names.has(name)) return;
    names.add(name);
    importsOf(name).forEach(take);
  };
  [...page.matchAll(/(?:src|href)="\/console\/([^"]+\.js)"/g)].map((match) => match[1]).concat(home).forEach(take);
  const files = [...names].map((name) => ({ name, kb: gzipSync(readFileSync(join(site, name)), { level: 9 }).length / 1000 }));
  return { kb: files.reduce((sum, file) => sum + file.kb, 0), files };
};
