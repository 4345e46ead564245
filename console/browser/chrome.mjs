// Debian's Chromium under playwright-core, and what every page is checked for.
import { chromium } from 'playwright-core';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const shots = fileURLToPath(new URL('../../artifacts/console/', import.meta.url));
mkdirSync(shots, { recursive: true });

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** The rules that look at colours; another theme changes what they say and nothing else. */
const ofColours = ['color-contrast', 'link-in-text-block'];

export const launch = (more = []) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb', ...more] });

/** Everything that axe finds wrong on the page, or in its colours, as lines that say where. */
export const axeFaults = async (page, { coloursAlone = false } = {}) => {
  // Evaluated by the debugger, so the page's own content policy is not loosened for it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  const found = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ['violations'] }), coloursAlone ? { type: 'rule', values: ofColours } : { type: 'tag', values: tags });
  return found.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary?.split('\n').slice(1).join(' ').trim()}`));
};

/** Collects what a page must never do: throw, log an error, break the content policy, call elsewhere. */
export const watch = (page, origin) => {
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // The browser notes every refused request and every socket of a server that is gone; tests look at those themselves.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection to .* failed/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) faults.push(`request elsewhere: ${request.url()}`);
  });
  return faults;
};
