// Every story of @somastack/uix under axe, in light, dark and high contrast.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { axeFaults, launch } from './chrome.mjs';
import { setTheme } from './looks.mjs';

const root = fileURLToPath(new URL('../../artifacts/console-stories/', import.meta.url));
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

const serve = async () => {
  const server = createServer((request, response) => {
    const path = join(root, normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname)));
    if (!path.startsWith(root) || !existsSync(path)) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** @returns {Promise<{ passed: number, faults: string[] }>} */
export const checkStories = async () => {
  const server = await serve();
  const browser = await launch();
  const faults = [];
  let passed = 0;
  try {
    const stories = Object.values(JSON.parse(readFileSync(join(root, 'index.json'), 'utf8')).entries).filter((entry) => entry.type === 'story');
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    for (const story of stories) {
      const before = faults.length;
      await page.goto(`http://127.0.0.1:${server.address().port}/iframe.html?id=${story.id}&viewMode=story&globals=a11y.manual:!true`);
      await page.locator('#storybook-root > *, [role=dialog]').first().waitFor();
      if (await page.locator('.sb-errordisplay').isVisible()) faults.push(`${story.id}: does not render`);
      for (const theme of ['light', 'high contrast', 'dark']) {
        await setTheme(page, theme);
        for (const fault of await axeFaults(page, { coloursAlone: theme !== 'light' })) faults.push(`${story.id}, ${theme}: ${fault}`);
      }
      if (faults.length === before) passed++;
    }
    return { passed, faults };
  } finally {
    await browser.close();
    server.close();
  }
};
