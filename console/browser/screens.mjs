// Every screen, as it is: accessible in both themes and in high contrast, narrow, zoomed, mirrored, with longer words, in Spanish, and what some of them do.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { axeFaults, shots } from './chrome.mjs';
import { clipped, pretend, setTheme, sideways } from './looks.mjs';
import { places } from './places.mjs';
import { seed } from './seed.mjs';
import { seedRuns } from './seedRuns.mjs';
import { sharedWorld, step } from './shared.mjs';

const desk = { width: 1360, height: 860 };
const phone = { width: 320, height: 640 };
/** What is left of a desk's window at 200 %. */
const zoomed = { width: desk.width / 2, height: desk.height / 2 };
/** Pages that look at screens at the same time: while one draws, the other waits for its server. */
const lookers = 2;
/** Also pictured in ways that are else only measured. */
const pictured = new Set(['home', 'chat', 'inbox', 'policies', 'policy-moderation', 'sight', 'audit-line', 'users', 'settings']);

export const screens = () => {
  let world;
  let owner;
  let page;
  let faults;

  before(async () => {
    world = await sharedWorld();
    owner = await world.ownerInside();
    ({ page, faults } = owner);
    const sessions = (await world.soma.call('GET', '/v1/sessions?limit=200')).body.data;
    for (const session of sessions) {
      const turn = (await world.soma.call('GET', `/v1/sessions/${session.id}`)).body.turns.find((one) => one.proof?.memories.length);
      if (turn) Object.assign(world, { session: session.id, position: turn.proof.journal_position });
    }
    world.paced.goOn();
    Object.assign(world, await seed(world.soma), { flows: await seedRuns(world.soma) });
    assert.ok(world.session, 'No session with a proof was left by the journey.');
  });

  const open = async (at, place) => {
    await at.goto(typeof place.path === 'string' ? place.path : place.path(world));
    await place.ready(at).waitFor();
  };

  const picture = (at, name, place) => (pictured.has(place.name) ? at.screenshot({ path: `${shots}${place.name}-${name}.png` }) : undefined);

  /** One place in all the ways it may be looked at, opened once; what is wrong in any of them. */
  const look = async ({ page: at, faults: wrong }, place) => {
    wrong.length = 0;
    const found = [];
    const note = (way, faults) => found.push(...faults.map((fault) => `${way}: ${fault}`));
    const fits = async (way) => note(way, (await sideways(at)) > 0 ? [`${await sideways(at)} pixels wider than the window`] : []);
    await open(at, place);
    for (const theme of ['light', 'dark']) {
      await setTheme(at, theme);
      note(theme, await axeFaults(at, { coloursAlone: theme !== 'light' }));
      await at.screenshot({ path: `${shots}${place.name}-${theme}.png` });
    }
    await setTheme(at, 'high contrast');
    note('high contrast', await axeFaults(at, { coloursAlone: true }));
    await setTheme(at, 'light');
    for (const [name, size] of [['phone', phone], ['zoomed', zoomed]]) {
      await at.setViewportSize(size);
      await fits(name);
      await picture(at, name, place);
    }
    await at.setViewportSize(desk);
    try {
      await pretend(at, 'long');
      note('long', await clipped(at));
      await fits('long');
      await picture(at, 'long', place);
      await pretend(at, 'mirrored');
      await fits('mirrored');
      const content = await at.locator('#content').boundingBox();
      if (content && content.x > 0) note('mirrored', [`begins at ${content.x}, so the places are at the left`]);
      await picture(at, 'mirrored', place);
    } finally {
      await pretend(at, undefined);
    }
    assert.deepEqual([...found, ...wrong], []);
  };

  describe('looked at in both themes and high contrast, narrow, zoomed, mirrored and with longer words', { concurrency: lookers }, () => {
    const free = [];
    const waiting = [];
    before(async () => {
      // Each has a browser storage of its own, so that what one pretends the other does not see.
      const storageState = await owner.context.storageState();
      for (let count = 0; count < lookers; count++) free.push(await world.person({ storageState }));
    });
    after(() => Promise.all(free.map((looker) => looker.context.close())));
    const take = () => free.pop() ?? new Promise((resolve) => waiting.push(resolve));
    const give = (looker) => (waiting.shift() ?? ((one) => free.push(one)))(looker);
    for (const place of places)
      step(place.name, async () => {
        const looker = await take();
        await look(looker, place).finally(() => give(looker));
      });
  });

  describe('on a phone', () => {
    step('the places are behind one button', async () => {
      await page.setViewportSize(phone);
      await page.goto('/');
      await page.getByRole('button', { name: 'Menu' }).click();
      await page.getByRole('link', { name: 'Inbox' }).first().click();
      await page.getByRole('heading', { name: 'Inbox' }).waitFor();
      // List and approval share the height.
      await page.goto('/inbox?state=all');
      const list = await page.getByRole('grid', { name: 'Approvals' }).boundingBox();
      assert.ok(list.height > 100, `The list is ${list.height} pixels high`);
      await page.getByRole('article').first().waitFor();
      await page.setViewportSize(desk);
    });
  });

  describe('in Spanish', () => {
    step('the whole screen changes its words, and stays so after a reload', async () => {
      await page.goto('/stop');
      await page.getByRole('button', { name: /^Account/ }).click();
      await page.getByRole('menuitem', { name: 'Español' }).click();
      await page.getByRole('heading', { name: 'Parada de emergencia' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Parada de emergencia' }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'es');
      await page.screenshot({ path: `${shots}kill-switch-es.png` });
      await page.getByRole('button', { name: /^Cuenta/ }).click();
      await page.getByRole('menuitem', { name: 'English' }).click();
      await page.getByRole('heading', { name: 'Kill switch' }).waitFor();
    });
  });

  describe('tries a model', () => {
    step('by a real call, and tells its time, tokens and cost', async () => {
      faults.length = 0;
      await page.goto('/models?tab=test&model=soma-extract');
      await page.getByRole('button', { name: 'Call it' }).click();
      await page.getByText('Answered by somastack/soma-extract').waitFor();
      assert.match(await page.getByRole('region', { name: 'Cost' }).innerText(), /0 USD/);
      assert.match(await page.getByRole('region', { name: 'Tokens' }).innerText(), /\d → \d/);
      assert.deepEqual(await axeFaults(page), []);
      assert.deepEqual(faults, []);
    });
  });

  describe('forgets', () => {
    step('one memory for good, after a typed word, and proves it', async () => {
      faults.length = 0;
      const { id } = (await world.soma.call('POST', '/v1/remember', { text: 'This sentence is to be forgotten.' })).body;
      await page.goto(`/memories?tab=items&id=${id}`);
      await page.getByRole('button', { name: 'Erase…' }).click();
      const erase = page.getByRole('button', { name: 'Erase', exact: true });
      assert.ok(await erase.isDisabled());
      await page.getByLabel('Type erase to confirm').fill('erase');
      await erase.click();
      await page.getByRole('heading', { name: 'Proof of erasure' }).last().waitFor();
      assert.equal((await world.soma.call('GET', `/v1/memory/${id}/erasure`)).body.clear, true);
      assert.deepEqual(await axeFaults(page), []);
      assert.deepEqual(faults, []);
    });
  });

  describe('sight', () => {
    step('goes dark when the server is gone, never green or zero, and comes back with it', async () => {
      await page.goto('/sight');
      await page.locator('[data-led="ok"]').first().waitFor();
      await world.soma.kill();
      await page.locator('[data-led="unknown"]').first().waitFor();
      assert.equal(await page.locator('[data-led="ok"], [data-led="degraded"]').count(), 0);
      await world.soma.restart();
      await page.locator('[data-led="ok"]').first().waitFor();
      assert.equal(await page.locator('[data-led="unknown"]').count(), 0);
    });
  });

  describe('stops', () => {
    step('by one person and goes on by two', async () => {
      faults.length = 0;
      const second = await world.invited('sam', 'operator');
      await page.goto('/stop');
      await page.getByLabel('Reason').fill('A drill.');
      await page.getByLabel('Type stop to confirm').fill('stop');
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByRole('alert').filter({ hasText: 'Everything is stopped.' }).waitFor();
      assert.deepEqual(await axeFaults(page), []);
      await page.screenshot({ path: `${shots}kill-switch-engaged.png` });
      await page.getByLabel('Reason').first().fill('The drill is over.');
      await page.getByRole('button', { name: 'Release' }).click();
      await page.getByText('Waiting for the second key').waitFor();
      // Where everything is seen to stand still, the other one is told what waits for him.
      await second.page.goto('/stop');
      await second.page.getByText('owner asks to let it go on').waitFor();
      await second.page.getByRole('link', { name: 'Read and decide' }).click();
      await second.page.getByRole('article').first().waitFor();
      await second.page.keyboard.press('a');
      await second.page.getByText('Decided: approved').first().waitFor();
      await page.getByText('The second key is given').waitFor();
      await page.getByRole('button', { name: 'Release now' }).click();
      await page.getByText('It runs again').first().waitFor();
      assert.deepEqual([...faults, ...second.faults], []);
      await second.context.close();
    });
  });
};
