// Work that goes on by itself: a run started, signalled, answered, cancelled, tried again and forked; a schedule; a tool called, and another let in by two.
import assert from 'node:assert/strict';
import { before, describe } from 'node:test';
import { axeFaults, shots } from './chrome.mjs';
import { setTheme, sideways } from './looks.mjs';
import { runOf, seedRuns, until } from './seedRuns.mjs';
import { sharedWorld, step } from './shared.mjs';

const desk = { width: 1360, height: 860 };
const phone = { width: 320, height: 640 };

const petstore = JSON.stringify({
  openapi: '3.0.3', info: { title: 'Pets', version: '1.0.0' }, servers: [{ url: 'https://pets.example' }],
  paths: { '/pets/{id}': { get: { operationId: 'getPet', summary: 'One pet.', parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }], responses: { 200: { description: 'It.' } } } } },
});

export const runs = () => {
  let world;
  let page;
  let faults;
  let seeded;

  before(async () => {
    world = await sharedWorld();
    ({ page, faults } = await world.ownerInside());
    seeded = await seedRuns(world.soma);
  });

  const idInAddress = () => new URL(page.url()).pathname.split('/').at(-1);
  const state = (name) => page.locator(`[data-run="${name}"]`).first();

  /** What is on the page, in both themes and on a phone. */
  const looksRight = async (name) => {
    const found = [];
    for (const theme of ['light', 'dark']) {
      await setTheme(page, theme);
      found.push(...(await axeFaults(page, { coloursAlone: theme !== 'light' })).map((fault) => `${theme}: ${fault}`));
      await page.screenshot({ path: `${shots}${name}-${theme}.png` });
    }
    await setTheme(page, 'light');
    await page.setViewportSize(phone);
    const wider = await sideways(page);
    if (wider > 0) found.push(`${wider} pixels wider than a phone`);
    await page.screenshot({ path: `${shots}${name}-phone.png` });
    await page.setViewportSize(desk);
    assert.deepEqual(found, []);
  };

  describe('a run', () => {
    step('of a shipped capsule begins from its form, takes a signal while it is watched, and ends when it is cancelled', async () => {
      faults.length = 0;
      await page.goto('/');
      await page.getByRole('heading', { name: 'Needs you' }).waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press('w');
      await page.getByRole('heading', { name: 'Workflows' }).waitFor();
      await page.getByRole('button', { name: 'Start a run' }).click();
      await page.getByLabel('Which capsule').selectOption('incident_review');
      const begin = page.getByRole('button', { name: 'Start', exact: true });
      await begin.click();
      assert.equal(await page.getByText('This is needed.').count(), 2);
      await looksRight('workflow-start');
      await page.getByLabel(/^incident/).fill('a flood');
      await page.getByLabel(/^services/).fill('api\nqueue');
      await begin.click();
      await state('waiting').waitFor();
      await page.locator('[data-link="live"]').waitFor();
      const id = idInAddress();
      assert.deepEqual((await runOf(world.soma, id)).inputs, { incident: 'a flood', services: ['api', 'queue'] });
      await page.getByRole('tab', { name: 'History' }).click();
      await page.getByText('run_began', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Send the signal…' }).click();
      assert.equal(await page.getByLabel('Name of the signal').inputValue(), 'incident_over');
      await page.getByLabel('Data as JSON').fill('{"calm": true}');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      // Told by the stream: the history that was read ends before it.
      await page.getByText('signal_received', { exact: true }).waitFor();
      const over = (await runOf(world.soma, id)).steps[0];
      assert.equal(over.status, 'completed');
      assert.deepEqual(over.output.data, { calm: true });
      await page.getByRole('button', { name: 'Cancel…' }).click();
      await page.getByLabel('Reason').fill('It was a drill.');
      await page.getByRole('button', { name: 'Cancel the run' }).click();
      await state('cancelled').waitFor();
      await page.locator('[data-link="over"]').waitFor();
      assert.equal((await runOf(world.soma, id)).status, 'cancelled');
      assert.deepEqual(faults, []);
    });

    step('asks a person in a form, explains its failure, is tried again, and forked with other inputs ends well', async () => {
      faults.length = 0;
      const { run_id: id } = (await world.soma.call('POST', '/v1/mao/start', { capsule: 'gatekeeper', inputs: {} })).body;
      await page.goto(`/workflows/${id}`);
      await page.getByText('The word of the day').waitFor();
      await page.getByRole('button', { name: 'Answer' }).click();
      await page.getByText('This is needed.').waitFor();
      await page.getByLabel(/^The word/).fill('heron');
      await page.getByRole('button', { name: 'Answer' }).click();
      await state('failed').waitFor();
      await page.getByRole('alert').filter({ hasText: 'not_let_through' }).waitFor();
      await looksRight('workflow-failed');
      const before = (await runOf(world.soma, id)).events;
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByText('It goes on from what failed').first().waitFor();
      await until(() => runOf(world.soma, id), (run) => run.status === 'failed' && run.events > before);
      await page.getByRole('tab', { name: 'Graph' }).click();
      await page.getByRole('region', { name: 'Graph' }).getByRole('button', { name: /^Check/ }).click();
      await page.getByRole('dialog', { name: 'Check' }).getByText('not_let_through').first().waitFor();
      await page.getByRole('button', { name: 'Fork from here…' }).click();
      assert.equal(await page.getByLabel('From the step').inputValue(), 'Check');
      await page.getByLabel('Inputs as JSON').fill('{"pass": true, "names": ["ada"]}');
      await page.getByRole('button', { name: 'Begin the fork' }).click();
      await page.waitForURL((url) => !url.pathname.endsWith(id));
      await state('completed').waitFor();
      const fork = await runOf(world.soma, idInAddress());
      assert.equal(fork.forked_from, id);
      assert.deepEqual(fork.outputs, { word: 'heron' });
      assert.deepEqual(faults, []);
    });

    step('is found, opened and looked into by the keyboard alone', async () => {
      faults.length = 0;
      await page.goto('/workflows?status=failed&capsule=gatekeeper');
      const grid = page.getByRole('grid', { name: 'Runs' });
      await grid.focus();
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/workflows/${seeded.failed}`);
      await page.getByRole('tab', { name: 'Timeline' }).focus();
      await page.keyboard.press('ArrowRight');
      await page.getByRole('region', { name: 'Graph' }).getByRole('button', { name: /^Ask/ }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Ask' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal(new URL(page.url()).search, '?tab=graph');
      assert.deepEqual(faults, []);
    });
  });

  describe('a schedule', () => {
    step('is made with the clock of its zone, triggered, and leads to its run; paused, it has no next time', async () => {
      faults.length = 0;
      await page.goto('/schedules');
      await page.getByRole('button', { name: 'New schedule' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Every night');
      await page.getByLabel('A capsule', { exact: true }).selectOption('gatekeeper');
      await page.getByLabel('Times (cron)').fill('61 2 * * *');
      await page.getByLabel('Time zone').fill('Asia/Tokyo');
      await page.getByLabel(/^pass/).selectOption('true');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('dialog').getByRole('alert').waitFor();
      await page.getByLabel('Times (cron)').fill('30 2 * * *');
      await looksRight('schedule-edit');
      await page.getByRole('button', { name: 'Save' }).click();
      const drawer = page.getByRole('dialog', { name: 'Every night' });
      const times = drawer.getByRole('region', { name: 'The next five times' });
      await times.getByRole('row').nth(5).waitFor();
      assert.equal(await times.getByText(/02:30/).count(), 5);
      const id = new URL(page.url()).searchParams.get('id');
      await page.getByRole('button', { name: 'Trigger now' }).click();
      await drawer.getByRole('link', { name: 'Open the run' }).waitFor();
      await looksRight('schedule');
      await page.getByRole('button', { name: 'Backfill…' }).click();
      const local = (hours) => page.evaluate((ms) => { const at = new Date(Date.now() - ms); return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16); }, hours * 3_600_000);
      await page.getByLabel('From', { exact: true }).fill(await local(49));
      await page.getByLabel('To', { exact: true }).fill(await local(1));
      await page.getByRole('button', { name: 'Make up' }).click();
      await page.getByText('2 of 2 times are added').first().waitFor();
      // The older of the two begins a run that goes on, and runs of this schedule do not overlap.
      await drawer.locator('[data-fire="skipped"]').waitFor();
      assert.equal(await drawer.locator('[data-fire="started"]').count(), 2);
      await page.getByRole('button', { name: 'Pause…' }).click();
      await page.getByLabel('Reason').fill('Not this week.');
      await page.getByRole('button', { name: 'Pause', exact: true }).click();
      await drawer.getByText('Paused: Not this week.').waitFor();
      assert.equal((await world.soma.call('GET', `/v1/schedules/${id}`)).body.paused, 'Not this week.');
      await page.getByRole('button', { name: 'Resume' }).click();
      await times.getByRole('row').nth(5).waitFor();
      await drawer.getByRole('link', { name: 'Open the run' }).first().click();
      await state('waiting').waitFor();
      const run = await runOf(world.soma, idInAddress());
      assert.deepEqual([run.capsule, run.inputs.pass], ['gatekeeper', true]);
      await world.soma.call('POST', `/v1/mao/${run.run_id}/cancel`, {});
      assert.deepEqual(faults, []);
    });

    step('of a template begins with what the template holds', async () => {
      faults.length = 0;
      await page.goto('/schedules?tab=templates&template=word');
      await page.getByRole('button', { name: 'Start a run' }).click();
      await state('waiting').waitFor();
      assert.equal((await runOf(world.soma, idInAddress())).inputs.pass, true);
      assert.deepEqual(faults, []);
    });
  });

  describe('a tool', () => {
    step('is called by hand: the gate says beforehand what it would do, and the call is kept', async () => {
      faults.length = 0;
      await page.goto('/tools');
      await page.getByRole('link', { name: 'memory', exact: true }).click();
      await page.getByRole('button', { name: 'Call it… recall' }).click();
      await page.getByLabel(/^query/).fill('Who may stop everything?');
      await page.getByRole('button', { name: 'Ask the gate' }).click();
      await page.locator('[data-gate="allow"]').waitFor();
      await page.getByRole('button', { name: 'Call it', exact: true }).click();
      await page.locator('[data-call="completed"]').waitFor();
      await looksRight('tool-called');
      await page.getByRole('tab', { name: 'Calls' }).click();
      await page.getByRole('list', { name: 'Calls' }).getByRole('button', { name: 'recall' }).first().click();
      const [last] = (await world.soma.call('GET', '/v1/adapters/memory/calls?limit=1')).body.data;
      await page.getByRole('dialog', { name: 'memory.recall' }).getByText('Who may stop everything?').waitFor();
      assert.equal(new URL(page.url()).searchParams.get('call'), last.job_id);
      assert.deepEqual(faults, []);
    });

    step('that the policy wants a second person for waits, and acts once with the yes', async () => {
      faults.length = 0;
      const second = await world.invited('olga', 'approval:decide', 'tool:manage', 'tool:execute');
      const rule = { id: 'ask-before-telling', kinds: ['tool.call'], effect: 'needs_approval', code: 'ask_first', message: 'Somebody else looks at this first.', remedy: 'Wait for the decision.', condition: 'action.resource == "notify.send"' };
      await world.changePolicy((document) => document.rules.push(rule));
      try {
        await page.goto('/tools/notify?part=call');
        await page.getByLabel(/^title/).fill('The archive is closed today');
        await page.getByRole('button', { name: 'Ask the gate' }).click();
        await page.locator('[data-gate="needs_approval"]').waitFor();
        await page.getByRole('button', { name: 'Call it', exact: true }).click();
        await page.getByText('Waiting for the second key').waitFor();
        const id = new URL(await page.getByRole('link', { name: 'Open the approval' }).getAttribute('href'), world.url).searchParams.get('id');
        await second.page.goto(`/inbox?id=${id}`);
        await second.page.getByRole('article').first().waitFor();
        await second.page.getByRole('grid', { name: 'Approvals' }).focus();
        await second.page.keyboard.press('a');
        await second.page.getByText('Decided: approved').first().waitFor();
        await page.getByRole('button', { name: 'Go on' }).click();
        await page.locator('[data-call="completed"]').waitFor();
        const sent = (await world.soma.call('GET', '/v1/adapters/notify/calls')).body.data.filter((call) => call.approval_id === id);
        assert.deepEqual(sent.map((call) => call.status), ['completed']);
        assert.deepEqual([...faults, ...second.faults], []);
      } finally {
        await world.changePolicy((document) => { document.rules = document.rules.filter((one) => one.id !== rule.id); });
        await second.context.close();
      }
    });

    step('comes in from an OpenAPI document when a second person agrees to what it may do', async () => {
      faults.length = 0;
      const second = await world.invited('pia', 'approval:decide', 'tool:manage', 'tool:execute');
      await page.goto('/tools?tab=register');
      await page.getByLabel('The document, as JSON or YAML').fill(petstore);
      await page.getByLabel(/^Id of the adapter/).fill('pets');
      await page.getByRole('button', { name: 'Make the draft' }).click();
      await page.getByText('The draft is below').waitFor();
      await page.getByRole('button', { name: 'Verify' }).click();
      await page.getByText(/It could( not)? be registered/).waitFor();
      await looksRight('tool-register');
      await page.getByRole('button', { name: 'Register…' }).click();
      await page.getByText('Waiting for the second key').waitFor();
      await second.page.goto('/tools/pets?part=versions');
      await second.page.getByRole('region', { name: 'What it may do more or less' }).getByRole('row', { name: /https:\/\/pets\.example/ }).getByText('widens').waitFor();
      await second.page.screenshot({ path: `${shots}tool-difference-light.png` });
      assert.deepEqual(await axeFaults(second.page), []);
      await second.page.getByRole('link', { name: 'Read and decide' }).click();
      await second.page.getByRole('article').first().waitFor();
      await second.page.getByRole('grid', { name: 'Approvals' }).focus();
      await second.page.keyboard.press('a');
      await second.page.getByText('Decided: approved').first().waitFor();
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.waitForURL('**/tools/pets');
      await page.getByRole('heading', { name: 'getPet' }).waitFor();
      assert.equal((await world.soma.call('GET', '/v1/adapters/pets')).body.adapter.status, 'enabled');
      assert.deepEqual([...faults, ...second.faults], []);
      await second.context.close();
    });
  });
};
