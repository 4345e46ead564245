import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf } from './rules.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const own = /\.(ts|tsx)$/;
const generated = /schema\.d\.ts$|\.test\.tsx?$/;

const filesIn = (folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && own.test(entry.name) && !generated.test(entry.name)).map((entry) => join(entry.parentPath, entry.name));

const files = ['src', 'packages/uix/src'].flatMap(filesIn);
const faults = files.flatMap((file) => faultsOf(file, readFileSync(file, 'utf8')).map((fault) => `${relative(root, file)}:${fault.line}: ${fault.rule}: ${fault.text}`));
for (const fault of faults) console.error(fault);
console.log(`${files.length} files, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
