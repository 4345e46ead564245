// Everything about the console that can be checked by itself, and a last line that `./soma test` reads.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { checkStories } from '../browser/stories.mjs';
import { budgetKb, firstRoute } from './size.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };

const run = async (command, args, onLine = () => undefined) => {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } });
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    onLine(line);
  });
  return new Promise((resolve) => child.once('close', resolve));
};

const one = (passed) => (passed ? counts.passed++ : counts.failed++);
const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

const parts = {
  lint: async () => one((await run(process.execPath, ['scripts/lint.mjs'])) === 0),
  unit: async () => {
    let told = null;
    const code = await run(bin('vitest'), ['run', '--reporter=default'], (line) => {
      const match = /^\s*Tests\s+(?:(\d+) failed)?(?: \| )?(?:(\d+) passed)?/.exec(line);
      if (match) told = { failed: Number(match[1] ?? 0), passed: Number(match[2] ?? 0) };
    });
    counts.passed += told?.passed ?? 0;
    counts.failed += told?.failed ?? 0;
    // A run that crashed has failed, whatever it counted.
    if (!told || (code !== 0 && told.failed === 0)) one(false);
  },
  size: async () => {
    const { kb, files } = firstRoute();
    for (const file of files) console.log(`  ${file.kb.toFixed(1)} kB  ${file.name}`);
    console.log(`first route: ${kb.toFixed(1)} kB of at most ${budgetKb} kB, packed`);
    one(kb <= budgetKb);
  },
  stories: async () => {
    if ((await run(bin('storybook'), ['build', '--quiet', '--disable-telemetry', '-o', '../artifacts/console-stories'])) !== 0) return one(false);
    const { passed, faults } = await checkStories();
    for (const fault of faults) console.log(fault);
    console.log(`${passed} stories without a fault, ${faults.length} faults`);
    counts.passed += passed;
    counts.failed += new Set(faults.map((fault) => fault.split(/[,:]/)[0])).size;
  },
  browser: async () => {
    let passed = null;
    let failed = 0;
    const code = await run(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=1', 'browser/all.test.mjs'], (line) => {
      const match = /^ℹ (pass|fail) (\d+)/.exec(line);
      if (match?.[1] === 'pass') passed = Number(match[2]);
      if (match?.[1] === 'fail') failed = Number(match[2]);
    });
    counts.passed += passed ?? 0;
    counts.failed += failed;
    if (passed === null || (code !== 0 && failed === 0)) one(false);
  },
};

for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const from = performance.now();
  await part();
  console.log(`${name}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
}
console.log(`Total: ${counts.passed + counts.failed}, Errors: 0, Failed: ${counts.failed}, Skipped: 0, Not Run: 0`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
