// Talking to the program: a WAV file that its own voice has spoken is the microphone of a real Chromium, and what comes back is played.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { axeFaults, launch, shots, watch } from './chrome.mjs';
import { setTheme } from './looks.mjs';
import { sharedWorld } from './shared.mjs';

/** flite says it with its voice slt. */
const question = 'What time does the train to the city leave in the morning?';
const leadSeconds = 6;
const tailSeconds = 60;
const rate = 16_000;
const stepMaxMs = 180_000;

const missing = ['/usr/bin/flite', '/usr/bin/pocketsphinx_continuous', '/usr/share/pocketsphinx/model/en-us/en-us'].filter((path) => !existsSync(path));
const skip = missing.length > 0 ? `The offline pair is not installed: ${missing.join(', ')}` : false;

const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];

/** Levenshtein's distance over words. */
const wordErrors = (said, heard) => {
  const [a, b] = [wordsOf(said), wordsOf(heard)];
  let row = b.map((_, index) => index + 1);
  row.unshift(0);
  a.forEach((word, i) => {
    const next = [i + 1];
    b.forEach((other, j) => next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (word === other ? 0 : 1))));
    row = next;
  });
  return row.at(-1);
};

export const voice = () => {
  let world;
  let browser;
  let folder;

  before(async () => {
    world = await sharedWorld();
    await world.ownerInside();
    // Who talks is answered at once; what waits for a second person is the journey's.
    await world.changePolicy((document) => { document.rules = document.rules.filter((one) => one.code !== 'ask_first'); });
    folder = mkdtempSync(join(tmpdir(), 'soma-voice-'));
    const file = join(folder, 'question.wav');
    if (skip) writeFileSync(file, wavOf(Buffer.alloc(rate)));
    else {
      await world.soma.call('POST', '/v1/remember', { text: 'In the morning the train to the city leaves at seven. Mira Osei sells the tickets for the train to the city.', kind: 'document', source: 'docs/train.md' });
      const spoken = await fetch(`${world.url}/v1/audio/speech`, { method: 'POST', headers: { Authorization: `Bearer ${await world.soma.token()}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ model: 'flite', voice: 'slt', input: question, response_format: 'wav' }) });
      assert.equal(spoken.status, 200);
      const sound = Buffer.from(await spoken.arrayBuffer()).subarray(44);
      writeFileSync(file, wavOf(Buffer.concat([Buffer.alloc(leadSeconds * rate * 2), sound, Buffer.alloc(tailSeconds * rate * 2)])));
    }
    browser = await launch(['--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${file}%noloop`]);
  });

  after(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** The owner, in the browser that has this microphone, at a new conversation. */
  const opened = async (options) => {
    // Signed in by the cookie; the words are the browser's own, since nobody chose others in it.
    const { cookies } = await (await world.owner()).context.storageState();
    const context = await browser.newContext({ baseURL: world.url, viewport: { width: 1360, height: 1100 }, reducedMotion: 'reduce', locale: 'en-GB', storageState: { cookies, origins: [] }, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    const faults = watch(page, world.url);
    await page.goto('/chat');
    return { context, page, faults };
  };

  const agree = async (page) => {
    await page.getByRole('button', { name: 'Talk', exact: true }).click();
    await page.getByText('May you be heard?').waitFor();
  };

  const level = (page) => page.getByRole('meter', { name: 'How loud you are' }).getAttribute('aria-valuenow').then(Number);

  /** Until it was loud and then silent for so long. */
  const untilSaid = async (page) => {
    let loud = false;
    for (let silent = 0; silent < 15; ) {
      const now = await level(page);
      if (now > 10) loud = true;
      silent = loud && now <= 10 ? silent + 1 : 0;
      await page.waitForTimeout(100);
    }
  };

  const trail = async (type) => {
    const found = [];
    for (let cursor = ''; ; ) {
      const { body } = await world.soma.call('GET', `/v1/audit/events?limit=200${cursor}`);
      found.push(...body.data.filter((line) => line.type === `somastack.voice.${type}.v1`));
      if (body.data.length < 200) return found;
      cursor = `&after=${encodeURIComponent(body.next_cursor)}`;
    }
  };

  test('a key is held, the words are written down and answered, the answer is played, and all of it can be read', { skip, timeout: stepMaxMs }, async () => {
    const { context, page, faults } = await opened({ permissions: ['microphone'] });
    await agree(page);
    for (const theme of ['light', 'dark']) {
      await setTheme(page, theme);
      assert.deepEqual(await axeFaults(page), [], theme);
    }
    await page.getByRole('button', { name: 'Yes, open the microphone' }).click();
    const talk = page.getByRole('button', { name: 'Hold to talk' });
    await page.getByText('Hold the button or Space and talk').waitFor();
    await talk.focus();
    await page.keyboard.down(' ');
    await page.getByText('Listening', { exact: true }).first().waitFor();
    await untilSaid(page);
    const from = performance.now();
    await page.keyboard.up(' ');
    const words = page.locator('[data-final="true"]');
    await words.waitFor();
    const heard = await words.locator('p').first().textContent();
    console.log(`  ${wordErrors(question, heard)} of ${wordsOf(question).length} words wrong: "${heard}" for "${question}", ${Math.round(performance.now() - from)} ms after the key was let go`);
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
    await page.getByRole('log').getByText('leaves at seven').first().waitFor();
    const played = page.locator('[data-played]');
    await played.waitFor();
    await page.getByText('Hold the button or Space and talk').waitFor({ timeout: 120_000 });
    const seconds = Number(await played.getAttribute('data-played'));
    const spoken = (await trail('spoken')).at(-1).data;
    console.log(`  ${seconds.toFixed(2)} s were played, ${spoken.seconds} s were sent in ${spoken.sentences} sentences`);
    assert.ok(seconds > 1 && Math.abs(seconds - spoken.seconds) < 0.2, `${seconds} s of ${spoken.seconds} s`);
    assert.equal(spoken.interrupted, false);
    await page.getByRole('status').filter({ hasText: `You said: ${heard}` }).waitFor({ state: 'attached' });
    await page.getByRole('status').filter({ hasText: 'leaves at seven' }).waitFor({ state: 'attached' });
    for (const theme of ['light', 'dark']) {
      await setTheme(page, theme);
      assert.deepEqual(await axeFaults(page), [], theme);
      await page.screenshot({ path: `${shots}voice-${theme}.png` });
    }
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('without hands the detector finds begin and end of speech, and an interrupt silences the answer at once', { skip, timeout: stepMaxMs }, async () => {
    const { context, page, faults } = await opened({ permissions: ['microphone'] });
    await agree(page);
    await page.getByLabel('How you talk').selectOption('hands_free');
    await page.getByRole('button', { name: 'Yes, open the microphone' }).click();
    await page.getByText('Just talk').waitFor();
    const words = page.locator('[data-final="true"]');
    await words.waitFor();
    const heard = await words.locator('p').first().textContent();
    console.log(`  ${wordErrors(question, heard)} of ${wordsOf(question).length} words wrong: "${heard}" for "${question}"`);
    const said = (await trail('heard')).at(-1).data;
    // Silence before and after it is not sent: the sentence has 3.1 s, the file more than a minute.
    console.log(`  ${said.seconds} s were sent of ${leadSeconds + tailSeconds} s and the sentence`);
    assert.ok(said.seconds > 2 && said.seconds < 6, `${said.seconds} s`);
    await page.getByRole('button', { name: 'Interrupt' }).and(page.locator(':enabled')).waitFor();
    await page.getByText('Speaking', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Interrupt' }).click();
    await page.getByText('Just talk').waitFor();
    const before = (await trail('spoken')).length;
    await assert.doesNotReject(async () => {
      for (let looks = 0; looks < 300; looks++) {
        if ((await trail('spoken')).some((line) => line.data.interrupted)) return;
        await page.waitForTimeout(100);
      }
      throw new Error(`no interrupted speech among ${before}`);
    });
    assert.equal(await page.getByRole('button', { name: 'Interrupt' }).count(), 0);
    await page.getByRole('button', { name: 'Close the voice' }).click();
    await page.getByRole('region', { name: 'Voice' }).waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('who does not let the page hear is told what to do, in Spanish too, and can go on typing', { timeout: stepMaxMs }, async () => {
    const { context, page, faults } = await opened({ permissions: [], locale: 'es-ES' });
    await page.getByRole('button', { name: 'Hablar', exact: true }).click();
    await page.getByText('¿Se le puede escuchar?').waitFor();
    await page.getByRole('button', { name: 'Sí, abrir el micrófono' }).click();
    await page.getByText('El navegador no deja que esta página le oiga.').waitFor();
    await page.getByText('Permita el micrófono para este sitio junto a la dirección y ábralo de nuevo.').waitFor();
    assert.deepEqual(await axeFaults(page), []);
    await page.screenshot({ path: `${shots}voice-denied.png` });
    await page.getByRole('textbox', { name: 'Mensaje' }).fill('Todavía puedo escribir');
    await page.getByRole('button', { name: 'Cerrar la voz' }).click();
    await page.getByRole('region', { name: 'Voz' }).waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await context.close();
  });
};

function wavOf(pcm) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}
