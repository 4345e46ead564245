// How the program hands the console out, asked without a browser.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { before, describe, test } from 'node:test';
import { sharedWorld } from './shared.mjs';

export const served = () => {
  let url;
  before(async () => {
    url = (await sharedWorld()).url;
  });

  /** What `fetch` would say of itself, a browser says otherwise; here every header is ours. */
const get = (address, headers, method = 'GET') =>
  new Promise((resolve, reject) => {
    request(address, { method, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part)).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString(), bytes: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });

const navigating = { Accept: 'text/html,application/xhtml+xml', 'Sec-Fetch-Mode': 'navigate' };

  describe('the page', () => {
    test('is at / and at the screens, for browsers that go there', async () => {
      for (const path of ['/', '/inbox', '/chat/0199/whatever', '/console/callback?code=x']) {
        const { status, headers } = await get(url + path, navigating);
        assert.equal(status, 200, path);
        assert.match(headers['content-type'], /^text\/html/, path);
        assert.equal(headers['cache-control'], 'no-store', path);
      }
    });

    test('allows scripts of this server alone, and a new nonce for styles every time', async () => {
      const nonces = new Set();
      for (let count = 0; count < 3; count++) {
        const response = await fetch(url, { headers: navigating });
        const policy = response.headers.get('Content-Security-Policy');
        const directives = Object.fromEntries(policy.split('; ').map((one) => [one.split(' ')[0], one.split(' ').slice(1).join(' ')]));
        assert.equal(directives['default-src'], "'none'");
        assert.equal(directives['script-src'], "'self'");
        assert.equal(directives['frame-ancestors'], "'none'");
        assert.equal(directives['base-uri'], "'none'");
        assert.ok(!policy.includes('unsafe'), policy);
        const nonce = /'nonce-([^']+)'/.exec(directives['style-src'])[1];
        assert.ok((await response.text()).includes(`nonce="${nonce}"`));
        nonces.add(nonce);
      }
      assert.equal(nonces.size, 3);
    });

    test('is nowhere else: what the API does not know stays a problem', async () => {
      for (const [path, headers] of [['/v1/nothing', navigating], ['/nowhere', navigating], ['/inbox', { Accept: 'application/json' }], ['/inbox', { Accept: 'text/html', 'Sec-Fetch-Mode': 'cors' }], ['/console/assets/gone.js', navigating], ['/console/index.html', navigating], ['/console/..%2f..%2fetc%2fpasswd', navigating]]) {
        const { status, text } = await get(url + path, headers);
        assert.equal(status, 404, path);
        assert.equal(JSON.parse(text).code, 'not_found', path);
      }
      assert.equal((await fetch(`${url}/inbox`, { method: 'POST' })).status, 405);
    });
  });

  describe('the files', () => {
    test('with a hash in their name are kept for ever, the others are asked for again; both come packed or plain', async () => {
      const page = await (await fetch(url, { headers: navigating })).text();
      const script = /src="(\/console\/assets\/[^"]+\.js)"/.exec(page)[1];
      const packed = await fetch(url + script, { headers: { 'Accept-Encoding': 'gzip' } });
      assert.equal(packed.headers.get('Content-Encoding'), 'gzip');
      assert.equal(packed.headers.get('Cache-Control'), 'public, max-age=31536000, immutable');
      assert.match(packed.headers.get('Content-Type'), /^text\/javascript/);
      assert.equal(packed.headers.get('X-Content-Type-Options'), 'nosniff');
      const plain = await fetch(url + script, { headers: { 'Accept-Encoding': 'identity' } });
      assert.equal(plain.headers.get('Content-Encoding'), null);
      assert.equal(await plain.text(), await packed.text());
      assert.equal((await fetch(`${url}/console/theme.js`)).headers.get('Cache-Control'), 'no-cache');
    });
  });
};
