// What governs: a rule written, tried and put in force by two; an overlay; a constitution that proves itself; people, keys; last, production.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { axeFaults, shots } from './chrome.mjs';
import { hostile } from './hostile.mjs';
import { sharedWorld } from './shared.mjs';

export const governing = () => {
  let world;
  let page;
  let faults;
  let second;

  before(async () => {
    world = await sharedWorld();
    ({ page, faults } = await world.ownerInside());
    second = await world.invited('grace', 'approval:decide', 'policy:write', 'policy:read', 'constitution:load', 'constitution:read', 'tenant:admin', 'platform:admin');
  });

  const approve = async () => {
    await second.page.goto('/inbox');
    await second.page.getByRole('article').first().waitFor();
    await second.page.getByRole('grid', { name: 'Approvals' }).focus();
    await second.page.keyboard.press('a');
    await second.page.getByText('Decided: approved').first().waitFor();
  };

  const goOn = async () => {
    await page.getByText('Waiting for the second key').waitFor();
    await approve();
    await page.getByText('The second key is given').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
  };

  describe('a rule', () => {
    test('is refused at the line and column that the server names, tried on what happened, and put in force by two', async () => {
      faults.length = 0;
      await page.goto('/policies');
      await page.getByRole('button', { name: 'Add a rule' }).click();
      await page.getByLabel('Id', { exact: true }).fill('no-late-starts');
      await page.getByLabel('Effect').last().selectOption('deny');
      await page.getByRole('checkbox', { name: 'session.start' }).check();
      const condition = page.getByRole('textbox', { name: 'Condition' });
      await condition.click();
      await page.keyboard.type('action.risk >= 0.0 && nobody.knows == 1');
      await page.getByRole('textbox', { name: 'Code', exact: true }).fill('late');
      await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Not any more today.');
      await page.getByLabel('What to do about it').fill('Come back tomorrow.');
      const mark = page.locator('[data-mark]');
      await mark.waitFor();
      assert.equal(await mark.getAttribute('data-mark'), '1:23');
      await page.locator('.cm-lintRange-error').waitFor();
      await page.screenshot({ path: `${shots}policy-mark.png` });
      await condition.click();
      await page.keyboard.press('Control+a');
      await page.keyboard.type('action.risk >= 0.0');
      await page.getByRole('dialog').getByText('could govern').waitFor();
      await page.getByRole('button', { name: 'Keep in the draft' }).click();
      const draft = page.getByRole('region', { name: 'Draft' });
      await draft.getByText('Changes: 1').waitFor();
      // A draft outlives a reload of its tab.
      await page.reload();
      await draft.getByText('could govern').waitFor();
      await draft.getByRole('link', { name: 'Simulate' }).click();
      const simulated = page.locator('[data-simulated]');
      await simulated.waitFor();
      const starts = (await world.soma.call('POST', '/v1/policies/simulate', { document: (await world.soma.call('GET', '/v1/policies')).body.document, last: 500 })).body.actions;
      assert.equal(Number(await simulated.getAttribute('data-simulated')), starts);
      await page.getByText('Not any more today.').first().waitFor();
      await page.screenshot({ path: `${shots}policy-simulated.png` });
      const version = (await world.soma.call('GET', '/v1/policies')).body.version;
      await draft.getByRole('button', { name: 'Put in force' }).click();
      await goOn();
      await page.getByText('The policy is in force').first().waitFor();
      const after = (await world.soma.call('GET', '/v1/policies')).body;
      assert.equal(after.version, version + 1);
      assert.equal(after.document.rules.at(-1).id, 'no-late-starts');
      assert.deepEqual([...faults, ...second.faults], []);
    });

    test('goes away again when an older version is restored', async () => {
      await page.goto('/policies?tab=rules&rule=no-late-starts');
      await page.getByRole('button', { name: 'Remove the rule' }).click();
      await page.getByRole('region', { name: 'Draft' }).getByText('could govern').waitFor();
      await page.getByRole('button', { name: 'Put in force' }).click();
      await goOn();
      await page.getByText('The policy is in force').first().waitFor();
      await page.goto('/policies?tab=versions');
      await page.getByRole('list', { name: 'Differences' }).getByText('/rules/no-late-starts').waitFor();
      assert.deepEqual(await axeFaults(page), []);
    });
  });

  describe('a rule of moderation', () => {
    test('is refused where its pattern is, put in force by two, and then warns whoever says it; an operator resets the strike', async () => {
      faults.length = 0;
      await page.goto('/policies?tab=moderation');
      await page.getByRole('button', { name: 'Add a rule' }).click();
      await page.getByLabel('Id', { exact: true }).fill('no-pineapples');
      await page.getByLabel('Category').fill('fruit');
      await page.getByRole('textbox', { name: 'Patterns' }).fill('~9');
      await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Nobody speaks of pineapples.');
      await page.getByLabel('What to do about it').fill('Speak of pears.');
      await page.getByRole('dialog').getByRole('alert').first().waitFor();
      await page.getByRole('textbox', { name: 'Patterns' }).fill('pineapple|pineapples');
      await page.getByRole('dialog').getByText('could govern').waitFor();
      await page.getByRole('button', { name: 'Keep in the draft' }).click();
      const draft = page.getByRole('region', { name: 'Draft' });
      await draft.getByText('could govern').waitFor();
      await draft.getByRole('button', { name: 'Put in force' }).click();
      await goOn();
      await page.getByText('The policy is in force').first().waitFor();
      const { moderation } = (await world.soma.call('GET', '/v1/policies')).body.document;
      assert.deepEqual(moderation.rules.at(-1), { id: 'no-pineapples', category: 'fruit', severity: 'medium', patterns: ['pineapple|pineapples'], message: 'Nobody speaks of pineapples.', remedy: 'Speak of pears.', ...(({ strike, effect }) => JSON.parse(JSON.stringify({ strike, effect })))(moderation.rules.at(-1)) });
      await world.soma.call('PUT', '/v1/users/fred', { display_name: 'Fred', roles: ['member'], capabilities: [] });
      const token = await world.soma.token('--principal', 'fred');
      await world.soma.call('POST', '/v1/chat/completions', { model: 'soma-extract', messages: [{ role: 'user', content: 'Tell me about pineapples.' }] }, { token });
      await page.goto('/policies?tab=strikes&principal=fred');
      await page.getByRole('button', { name: 'Reset… fred' }).click();
      assert.deepEqual(await axeFaults(page), []);
      await page.screenshot({ path: `${shots}strikes.png` });
      await page.getByLabel('Reason').fill('He did not know.');
      await page.getByRole('button', { name: 'Reset', exact: true }).click();
      await page.getByText('The strikes are reset').first().waitFor();
      assert.equal((await world.soma.call('GET', '/v1/moderation/standing', undefined, { token })).body.strikes, 0);
      assert.deepEqual([...faults, ...second.faults], []);
    });
  });

  describe('the constitution', () => {
    test('proves its hashes in the browser, and its signature once the signer’s key is given', async () => {
      await page.goto('/constitution?tab=proof');
      await page.locator('[data-proof]').waitFor();
      assert.equal(await page.getByText(/hash.*: holds/).count(), 2);
      await page.getByText('Verified by the server, not here').waitFor();
      const pem = createPublicKey(readFileSync(join(world.soma.data, 'keys', 'constitution.pem'))).export({ type: 'spki', format: 'pem' });
      await page.getByLabel('Public keys of signers').fill(pem);
      await page.getByText('Verified here').waitFor();
      await page.screenshot({ path: `${shots}constitution-verified.png` });
    });

    test('is tightened by one person and loosened by two', async () => {
      faults.length = 0;
      await page.goto('/constitution?tab=overlay');
      const prohibited = page.getByRole('checkbox', { name: 'capsule.install' });
      await prohibited.check();
      await page.getByText('It only tightens').waitFor();
      await page.getByRole('button', { name: 'Tighten now' }).click();
      await page.getByText('The overlay holds').first().waitFor();
      assert.equal((await world.soma.call('POST', '/v1/evaluate', { kind: 'capsule.install', resource: 'x' })).body.reasons[0].code, 'constitution_prohibits');
      await page.reload();
      await prohibited.uncheck();
      await page.getByText('It takes something back').waitFor();
      await page.getByRole('button', { name: 'Ask for the second key' }).click();
      await goOn();
      await page.getByText('The overlay holds').first().waitFor();
      assert.notEqual((await world.soma.call('POST', '/v1/evaluate', { kind: 'capsule.install', resource: 'x' })).body.decision, 'deny');
      // With the overlay the hash that governs is another one, and it too is computed here.
      await page.goto('/constitution?tab=proof');
      await page.locator('[data-proof]').waitFor();
      assert.equal(await page.getByText(/hash.*: holds/).count(), 2);
      assert.deepEqual(faults, []);
    });

    test('is followed by a version that a signer signed and two people activated', async () => {
      faults.length = 0;
      const before = (await world.soma.call('GET', '/v1/constitution')).body;
      const next = before.version + 1;
      await page.goto('/constitution?tab=load&scope=installation');
      await page.getByRole('button', { name: 'Validate' }).click();
      await page.getByText('It could govern').waitFor();
      await page.getByLabel('Version', { exact: true }).fill(String(next));
      await page.getByRole('button', { name: 'Make the statement' }).click();
      const statement = await page.locator('pre').filter({ hasText: 'document_sha256' }).innerText();
      const signature = sign(null, Buffer.from(statement), createPrivateKey(readFileSync(join(world.soma.data, 'keys', 'constitution.pem')))).toString('base64');
      const signer = page.getByRole('textbox', { name: 'Signatures' });
      await signer.fill(`${before.signatures[0].key_id} ${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`);
      const load = page.getByRole('button', { name: 'Load as a candidate' });
      await load.click();
      await page.getByText('constitution_signature_invalid').waitFor();
      await signer.fill(`${before.signatures[0].key_id} ${signature}`);
      await load.click();
      await page.getByRole('button', { name: `Activate: ${next}` }).click();
      await goOn();
      await page.getByText(`Version ${next} governs now`).first().waitFor();
      assert.equal((await world.soma.call('GET', '/v1/constitution')).body.version, next);
      await page.screenshot({ path: `${shots}constitution-activated.png` });
      assert.deepEqual(faults, []);
    });
  });

  describe('people and keys', () => {
    test('a hostile name stays text wherever it is shown', async () => {
      faults.length = 0;
      let kept = 0;
      for (const [index, name] of hostile.entries()) await world.soma.call('PUT', `/v1/users/hostile-${index}`, { display_name: name, capabilities: [], roles: ['viewer'] }).then(() => kept++, () => undefined);
      assert.ok(kept > hostile.length / 2, `The server kept ${kept} names.`);
      await world.soma.call('PUT', '/v1/roles/a-hostile-one', { description: hostile[1], capabilities: ['session:read'] });
      for (const path of ['/users', '/users?id=hostile-1', '/users?tab=roles']) {
        await page.goto(path);
        await page.getByText(hostile[1]).first().waitFor();
      }
      assert.equal(await page.evaluate(() => globalThis.__owned), undefined);
      assert.deepEqual(faults, []);
    });

    test('an invitation and a key are shown once; a revoked key is refused', async () => {
      await page.goto('/users?tab=invitations');
      await page.getByLabel('Id', { exact: true }).fill('ivan');
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Ivan');
      await page.getByRole('checkbox', { name: 'viewer' }).check();
      await page.getByRole('button', { name: 'Make the link' }).click();
      const link = await page.locator('[data-secret]').innerText();
      assert.ok(link.startsWith(world.url), link);
      await page.reload();
      await page.getByRole('list', { name: 'Invitations' }).getByText('ivan', { exact: true }).waitFor();
      assert.ok(!(await page.content()).includes(new URL(link).search.slice(1)));
      await page.getByRole('button', { name: 'Revoke: ivan' }).click();
      await page.getByText('The invitation is revoked').first().waitFor();

      await page.goto('/keys?id=%2B');
      await page.getByRole('textbox', { name: 'Name' }).fill('ci');
      await page.getByRole('checkbox', { name: 'policy:read' }).check();
      await page.getByRole('dialog').getByRole('button', { name: 'Create a key' }).click();
      const key = await page.locator('[data-secret]').innerText();
      assert.match(key, /^soma_sk_/);
      assert.equal((await world.soma.call('GET', '/v1/policies', undefined, { token: key })).status, 200);
      await page.keyboard.press('Escape');
      await page.getByRole('gridcell', { name: 'ci', exact: true }).click();
      await page.getByRole('button', { name: 'Revoke…' }).click();
      await page.getByRole('button', { name: 'Revoke', exact: true }).click();
      await page.getByText('The key is revoked').first().waitFor();
      await assert.rejects(world.soma.call('GET', '/v1/policies', undefined, { token: key }), /401/);
    });
  });

  describe('settings', () => {
    test('say where a value comes from, refuse by the server’s schema, and ask a second person for a risky one', async () => {
      const overlay = await world.soma.call('GET', '/v1/constitution/overlay');
      await world.soma.call('PUT', '/v1/constitution/overlay', { required_approvals: { 'settings.change': 1 } }, { headers: { 'If-Match': overlay.etag } });
      // Without a limit, any limit is a tightening: only a raise is risky.
      const settings = await world.soma.call('GET', '/v1/settings');
      await world.soma.call('PUT', '/v1/settings', { display_name: settings.body.display_name, daily_budget: 500 }, { headers: { 'If-Match': settings.etag } });
      await page.goto('/settings');
      const budget = page.getByLabel(/^daily_budget/);
      await budget.fill('-1');
      await page.getByText('This must be between 0 and').waitFor();
      await budget.fill('2500');
      await page.getByRole('button', { name: 'Save' }).click();
      await goOn();
      await page.getByText('Saved').first().waitFor();
      await page.getByText('set by this tenant').first().waitFor();
      const now = (await world.soma.call('GET', '/v1/settings')).body;
      assert.deepEqual([now.daily_budget, now.sources.daily_budget], [2500, 'tenant']);
      await page.goto('/settings?tab=history');
      await page.getByRole('list', { name: 'Differences' }).getByText('/daily_budget').waitFor();
    });

    test('training holds the tenant and says what it blocks', async () => {
      await page.goto('/training');
      await page.getByLabel('Reason').fill('Tuning.');
      await page.getByRole('button', { name: 'Hold the tenant' }).click();
      await page.getByText('Held by owner').waitFor();
      await page.getByText('memory:write').waitFor();
      await page.getByRole('button', { name: 'End the hold' }).click();
      await page.getByText('Nobody trains').waitFor();
    });
  });

  describe('the deployment mode', () => {
    const dryRun = async (mode) => {
      await page.goto(`/admin/mode?mode=${mode}&reason=Going%20live`);
      await page.getByRole('button', { name: 'Dry run' }).click();
    };

    test('is refused with every precondition and its remedy', async () => {
      faults.length = 0;
      const asked = (await world.soma.call('POST', '/v1/deployment-mode', { mode: 'production', reason: 'x', dry_run: true })).body;
      assert.ok(asked.blocked.length > 0, 'Nothing is in the way, so nothing is shown here.');
      await dryRun('production');
      for (const one of asked.blocked) await page.locator(`[data-blocked="${one.code}"]`).getByText(one.remedy).waitFor();
      assert.equal(await page.locator('[data-blocked]').count(), asked.blocked.length);
      assert.equal(await page.getByRole('button', { name: 'Ask for the second key' }).count(), 0);
      assert.deepEqual(await axeFaults(page), []);
      await page.screenshot({ path: `${shots}mode-refused.png`, fullPage: true });
      assert.deepEqual(faults, []);
    });

    test('with debug ends by itself', async () => {
      await dryRun('test-debug');
      await page.getByRole('button', { name: 'Change the mode' }).click();
      await page.getByText('test-debug holds now').first().waitFor();
      await page.getByText('Then developer-light holds again.').waitFor();
      await page.screenshot({ path: `${shots}mode-debug.png` });
    });

    test('into production takes what was missing, the word and two people', async () => {
      world.soma.environment.SOMA_MODEL = 'paced';
      await world.soma.restart();
      const asked = (await world.soma.call('POST', '/v1/deployment-mode', { mode: 'production', reason: 'x', dry_run: true })).body;
      assert.deepEqual(asked.blocked, []);
      await dryRun('production');
      await page.getByText('Nothing is in the way').waitFor();
      const ask = page.getByRole('button', { name: 'Ask for the second key' });
      assert.ok(await ask.isDisabled());
      await page.getByLabel('Type production to confirm').fill('production');
      await ask.click();
      await goOn();
      await page.getByText('production holds now').first().waitFor();
      await page.locator('[data-mode="production"]').waitFor();
      assert.equal((await world.soma.call('GET', '/v1/deployment-mode')).body.mode, 'production');
      await page.screenshot({ path: `${shots}mode-production.png` });
    });
  });
};
