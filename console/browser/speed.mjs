// How fast it is. A machine that others use too makes any clock lie, so what is asserted is the work the page itself does, in time of its
// own thread, and the best of a few tries; the clock's figures are printed beside it.
import assert from 'node:assert/strict';
import { before, describe } from 'node:test';
import { fast } from './paced.mjs';
import { sharedWorld, step } from './shared.mjs';

const mountedMax = 50;
const linesMin = 10_000;
/** A tenant may have a hundred of its own. */
const rolesMax = 80;
const frameMs = 1000 / 60;
const lcpReachMs = 1500;
const interactionReachMs = 100;
/** Asserted is twice what is to be reached: twice as slow is slow on any machine. */
const margin = 2;
const tries = 5;

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Milliseconds that the page's main thread has worked so far, by the clock of that thread. */
const working = async (page) => {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => (await session.send('Performance.getMetrics')).metrics.find((one) => one.name === 'TaskDuration').value * 1000;
};

export const speed = () => {
  let world;
  let page;

  before(async () => {
    world = await sharedWorld();
    ({ page } = await world.ownerInside());
  });

  step('shows its largest part soon after it was asked for', async () => {
    const times = [];
    for (let count = 0; count < tries; count++) {
      await page.goto('/');
      await page.getByRole('heading', { name: 'Needs you' }).waitFor();
      times.push(await page.evaluate(() => new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true }))));
    }
    const best = Math.min(...times);
    console.log(`# largest contentful paint: ${times.map(Math.round).join(', ')} ms; best ${Math.round(best)} (to reach: ${lcpReachMs})`);
    assert.ok(best > 0 && best <= lcpReachMs * margin, `${best} ms`);
  });

  step('answers keys and clicks within a blink', async () => {
    const work = await working(page);
    const round = async () => {
      const worked = [];
      const act = async (name, doing) => {
        const from = await work();
        await doing();
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        worked.push({ name, ms: (await work()) - from });
      };
      await page.goto('/audit');
      await page.getByRole('grid', { name: 'Journal lines' }).focus();
      await page.evaluate(() => {
        globalThis.waits = [];
        new PerformanceObserver((list) => globalThis.waits.push(...list.getEntries().filter((one) => one.interactionId).map((one) => one.duration))).observe({ type: 'event', durationThreshold: 16 });
      });
      for (let count = 0; count < 3; count++) for (const key of ['j', 'j', 'k', 'End', 'Home']) await act(key, () => page.keyboard.press(key));
      for (const letter of 'identity') await act(`search ${letter}`, () => page.getByRole('searchbox', { name: /./ }).pressSequentially(letter));
      await act('palette', () => page.keyboard.press('Control+k'));
      await page.getByRole('combobox', { name: 'Go to…' }).waitFor();
      for (const letter of 'policies') await act(`palette ${letter}`, () => page.keyboard.type(letter));
      await page.getByRole('option', { name: /^Policies/, selected: true }).waitFor();
      await act('go', () => page.keyboard.press('Enter'));
      await page.getByRole('tab', { name: 'Weights' }).waitFor();
      for (let count = 0; count < 3; count++) for (const tab of ['Weights', 'Moderation', 'Rules']) await act(tab, () => page.getByRole('tab', { name: tab }).click());
      const times = worked.map((one) => one.ms);
      const slowest = worked.toSorted((a, b) => b.ms - a.ms)[0];
      const waits = await page.evaluate(() => globalThis.waits);
      console.log(`# ${worked.length} interactions: the page works for ${quantile(times, 0.5).toFixed(1)} ms (median), ${quantile(times, 0.95).toFixed(1)} (95 %), ${slowest.ms.toFixed(1)} (most: ${slowest.name}); by the clock, until painted: ${waits.length ? `${quantile(waits, 0.5)} (median of the ${waits.length} events above 16 ms), ${Math.max(...waits)} (most)` : 'none took 16 ms'} (to reach: ${interactionReachMs})`);
      return { most: quantile(times, 0.95), slowest };
    };
    let best;
    for (let count = 0; count < tries && !(best?.most <= interactionReachMs && best.slowest.ms <= interactionReachMs * margin); count++) {
      const one = await round();
      if (!best || one.most < best.most) best = one;
    }
    assert.ok(best.most <= interactionReachMs, JSON.stringify(best));
    assert.ok(best.slowest.ms <= interactionReachMs * margin, JSON.stringify(best));
  });

  describe('a list', () => {
    step('of ten thousand rows holds at most fifty in the page, wherever it is', async () => {
      const from = performance.now();
      // A text that was seen before is not embedded again, so what is timed here is not the embedder.
      const items = Array.from({ length: 250 }, () => ({ text: 'A line of the long list.', namespace: 'rows' }));
      for (let written = 0; written < linesMin; written += items.length) await world.soma.call('POST', '/v1/remember/batch', { items });
      console.log(`# ${linesMin} lines written through the API in ${((performance.now() - from) / 1000).toFixed(1)} s`);
      await page.goto('/audit');
      const grid = page.getByRole('grid', { name: 'Journal lines' });
      await page.waitForFunction((least) => Number(document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') ?? 0) > least, linesMin, { timeout: 90_000 });
      await grid.focus();
      for (const key of ['j', 'k', 'End', 'Home', 'PageDown']) {
        await page.keyboard.press(key);
        const mounted = await grid.getByRole('row').count();
        assert.ok(mounted <= mountedMax, `${mounted} rows are mounted after ${key}`);
      }
      const work = await working(page);
      const before = await work();
      const { most, frames, shown } = await grid.evaluate(async (box) => {
        let most = 0;
        let frames = 0;
        const shown = new Set();
        const stepPx = box.scrollHeight / 120;
        for (let top = 0; top <= box.scrollHeight; top += stepPx, frames++) {
          box.scrollTop = top;
          await new Promise(requestAnimationFrame);
          await new Promise((resolve) => setTimeout(resolve));
          const rows = box.querySelectorAll('[role=row]');
          most = Math.max(most, rows.length);
          shown.add(rows[rows.length - 1].getAttribute('aria-rowindex'));
        }
        return { most, frames, shown: shown.size };
      });
      const perFrame = ((await work()) - before) / frames;
      console.log(`# scrolled through in ${frames} frames: at most ${most} rows mounted (to reach: ${mountedMax}), ${perFrame.toFixed(1)} ms of work a frame`);
      assert.ok(most <= mountedMax, `${most} rows are mounted`);
      assert.ok(shown > frames / 2, 'The rows did not follow the scrolling.');
    });

    step('of people, roles, rules or keys is no longer in the page than in view', async () => {
      const mounted = async (path, role, name, row, least) => {
        await page.goto(path);
        const list = page.getByRole(role, { name });
        const rows = list.getByRole(row);
        await rows.first().waitFor();
        await page.waitForFunction(([one, count]) => Math.max(...[...document.querySelectorAll(one)].map((element) => Number(element.getAttribute('aria-rowcount') ?? element.getAttribute('aria-setsize')))) >= count, [role === 'grid' ? '[role=grid]' : 'li[aria-setsize]', least]);
        const count = await rows.count();
        assert.ok(count <= mountedMax, `${path}: ${count} rows are mounted`);
      };
      const many = Array.from({ length: rolesMax }, (_, index) => index);
      await Promise.all(many.map((index) => world.soma.call('PUT', `/v1/roles/crew-${index}`, { description: `Crew ${index}`, capabilities: ['session:read'] })));
      await Promise.all(many.map((index) => world.soma.call('POST', '/v1/api-keys', { name: `key ${index}`, scopes: ['session:read'], principal: 'owner' })));
      await Promise.all(many.map((index) => world.soma.call('PUT', `/v1/users/row-${index}`, { display_name: `Row ${index}`, roles: ['viewer'], capabilities: [] })));
      await Promise.all(many.map((index) => world.soma.call('POST', '/v1/invitations', { principal: `guest-${index}`, display_name: `Guest ${index}`, roles: ['viewer'], hours: 1 })));
      await mounted('/users', 'grid', 'Users', 'row', rolesMax);
      await mounted('/users?tab=roles', 'list', 'Roles', 'listitem', rolesMax);
      await mounted('/users?tab=invitations', 'list', 'Invitations', 'listitem', rolesMax);
      await mounted('/keys', 'grid', /./, 'row', 50);
      const rule = (id) => ({ id, kinds: ['external.action'], effect: 'allow', code: 'noted', message: 'Somebody is told.', remedy: 'Nothing.', obligations: [{ kind: 'notify', target: 'nobody' }] });
      await world.changePolicy((document) => document.rules.push(...many.map((index) => rule(`note-${index}`))));
      await mounted('/policies', 'list', 'Rules', 'listitem', rolesMax);
      await page.locator('#content').evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
      await page.getByRole('button', { name: `note-${rolesMax - 1}`, exact: true }).waitFor();
      assert.ok((await page.getByRole('list', { name: 'Rules' }).getByRole('listitem').count()) <= mountedMax);
      await world.changePolicy((document) => { document.rules = document.rules.filter((one) => !one.id.startsWith('note-')); });
    });
  });

  describe('an answer', () => {
    step('of two hundred tokens a second leaves the page time for sixty frames', async () => {
      await world.soma.call('POST', '/v1/personas', { id: 'fast', name: 'Fast', instructions: 'Answer.', model: fast.model });
      // The tenant has a limit on money by now, which takes models with a price alone.
      await world.soma.call('POST', '/v1/billing/prices', { provider: 'openai-compatible', model: fast.model, currency: 'USD', input: 0.1, output: 0.1, valid_from: new Date().toISOString().slice(0, 10), source: 'the test of the console' });
      await world.changePolicy((document) => { document.rules = document.rules.filter((one) => one.code !== 'ask_first'); });
      await page.goto('/chat?persona=fast');
      await page.getByRole('combobox', { name: 'Persona' }).waitFor();
      await page.getByRole('textbox', { name: 'Message' }).fill('Say much.');
      await page.evaluate(() => {
        globalThis.seen = { frames: [], long: [], texts: new Set() };
        const frame = (at) => {
          globalThis.seen.frames.push(at);
          globalThis.seen.texts.add(document.querySelector('.soma-prose')?.textContent.length ?? 0);
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
        new PerformanceObserver((list) => globalThis.seen.long.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask' });
      });
      await page.keyboard.press('Enter');
      await page.locator('.soma-prose').first().waitFor();
      const work = await working(page);
      const [from, workBefore, framesBefore] = [performance.now(), await work(), await page.evaluate(() => globalThis.seen.frames.length)];
      const took = async () => ({ seconds: (performance.now() - from) / 1000, worked: (await work()) - workBefore, ...(await page.evaluate((first) => ({ frames: globalThis.seen.frames.slice(first), long: globalThis.seen.long, texts: globalThis.seen.texts.size }), framesBefore)) });
      await page.waitForFunction((least) => (document.querySelector('.soma-prose')?.textContent.length ?? 0) > least, fast.tokens.join('').length * 0.9);
      const { seconds, worked, frames, long, texts } = await took();
      const waits = frames.slice(1).map((at, index) => at - frames[index]);
      const perFrame = worked / (seconds * 60);
      console.log(`# ${Math.round((fast.tokens.length * 0.9) / seconds)} tokens a second for ${seconds.toFixed(1)} s, shown in ${texts} steps: ${(frames.length / seconds).toFixed(1)} frames a second by the clock, 95 % after at most ${quantile(waits, 0.95).toFixed(1)} ms; ${perFrame.toFixed(1)} ms of work for each of 60 frames a second (to reach: ${frameMs.toFixed(1)}); ${long.length} tasks above 50 ms`);
      // The clock belongs to everybody on the machine; what the page needs of a frame's time is its own doing.
      assert.ok(perFrame <= frameMs, `The page works ${perFrame} ms for each frame of 60 a second.`);
      assert.ok(texts > seconds * 3, `${texts} steps in ${seconds} s are no stream.`);
      assert.ok(long.filter((one) => one > 150).length <= seconds, `Tasks of ${long.map(Math.round).join(', ')} ms`);
      await page.getByRole('button', { name: 'Why this answer' }).waitFor();
      assert.ok((await page.locator('.soma-prose').innerText()).length > 4000);
    });
  });
};
