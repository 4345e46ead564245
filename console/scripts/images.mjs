// Takes the pictures of the documents from the last browser run: `npm run check -- browser`, then `npm run images`.
import { copyFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../../artifacts/console/', import.meta.url));
const to = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const pictures = { chat: 'chat-light', sight: 'sight-light', approval: 'inbox-approval', audit: 'audit-line-light', policy: 'policy-simulated' };

const missing = Object.values(pictures).filter((shot) => !existsSync(`${from}${shot}.png`));
if (missing.length > 0) {
  console.error(`The last browser run left no ${missing.join(', ')}.`);
  process.exit(1);
}
for (const [name, shot] of Object.entries(pictures)) copyFileSync(`${from}${shot}.png`, `${to}${name}.png`);
console.log(`${Object.keys(pictures).length} pictures`);
