// The way of a stranger: from the printed link to the first answer, a second person's yes, stop, resume, and the keyboard alone.
import assert from 'node:assert/strict';
import { before, describe } from 'node:test';
import { axeFaults, shots } from './chrome.mjs';
import { hostile } from './hostile.mjs';
import { tooled } from './paced.mjs';
import { sharedWorld, step } from './shared.mjs';
import { password } from './world.mjs';

export const journey = () => {
  let world;
  let owner;

  before(async () => {
    world = await sharedWorld();
    owner = await world.owner();
  });

  const message = (page) => page.getByRole('textbox', { name: 'Message' });
  const ask = async (page, words) => {
    await message(page).fill(words);
    await message(page).press('Enter');
  };
  const answered = (page) => page.getByRole('button', { name: 'Why this answer' }).last().waitFor();

  describe('a stranger', () => {
    step('comes in by the printed link, sets a password, turns a second factor on and gets a first answer', async () => {
      const { page, faults } = owner;
      await page.goto(world.soma.welcome.sign_in_link);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('heading', { name: 'Welcome' }).waitFor();
      assert.deepEqual(await axeFaults(page), []);
      await page.screenshot({ path: `${shots}first-password.png` });
      await page.getByLabel('Name').fill('owner');
      await page.getByLabel(/^Password/).fill(password);
      await page.getByRole('button', { name: 'Set password' }).click();
      await page.getByRole('heading', { name: 'Set up' }).waitFor();
      await page.getByText('You sign in as owner.').waitFor();
      await page.getByRole('button', { name: 'Turn it on' }).click();
      await page.getByLabel('Your password').fill(password);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('img', { name: 'QR code for your authenticator' }).waitFor();
      assert.match(await page.locator('[data-secret]').innerText(), /^[A-Z2-7]{32}$/);
      await page.screenshot({ path: `${shots}second-factor.png` });
      await page.getByRole('link', { name: 'Open the chat' }).click();
      await ask(page, 'What happens before an agent acts?');
      await answered(page);
      await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
      const citation = page.getByRole('button', { name: 'Citation 1' }).first();
      await citation.click();
      await page.getByRole('dialog', { name: 'Citation 1' }).waitFor();
      assert.match(await page.getByRole('dialog', { name: 'Citation 1' }).innerText(), /\.md:\d+/);
      await page.keyboard.press('Escape');
      assert.deepEqual(faults, []);
    });

    step('sees what the answer rests on, the same after a reload', async () => {
      const { page } = owner;
      await page.getByRole('button', { name: 'Why this answer' }).click();
      for (const [tab, text] of [['Thought', 'written at position'], ['Trace', 'Journal position'], ['Memory', '.md'], ['Policy', 'threshold'], ['Cost', 'Tokens in']]) {
        await page.getByRole('tab', { name: tab }).click();
        await page.getByRole('tabpanel', { name: tab }).getByText(text).first().waitFor();
      }
      const before = await page.getByRole('log').innerText();
      await page.reload();
      await answered(page);
      assert.equal(await page.getByRole('log').innerText(), before);
      await page.getByRole('tab', { name: 'Cost', selected: true }).waitFor();
    });

    step('checks the seal of a line in the browser, and of all lines', async () => {
      const { page } = owner;
      await page.goto('/audit?type=sessions.turn_completed');
      await page.getByRole('gridcell', { name: 'sessions.turn_completed' }).first().click();
      await page.getByText('Proven here, by this browser’s own cryptography.').waitFor();
      assert.equal(await page.getByText(/: holds/).count(), 3);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Check all seals' }).click();
      await page.getByText(/All [\d,]+ lines match their seals\./).first().waitFor();
    });
  });

  describe('a second person', () => {
    step('says yes in the inbox, and the answer goes on by itself', async () => {
      await world.wantApproval('session.start');
      const ada = await world.invited('ada', 'operator');
      const { page } = owner;
      const heard = (words) => new Promise((resolve) => ada.page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => String(payload).includes(words) && resolve())));
      const [following, told] = [heard('"type":"hello"'), heard('"title":"Approval wanted')];
      await ada.page.reload();
      await following;
      await page.goto('/chat');
      await ask(page, 'May I ask this?');
      await page.getByRole('article', { name: /./ }).getByText('Somebody else looks at this first.').waitFor();
      assert.deepEqual(await axeFaults(page), []);
      await page.screenshot({ path: `${shots}chat-approval.png` });
      // Her bell was told without a reload: she has been looking at home all the time.
      await told;
      const bell = ada.page.locator('[data-bell="attention"]');
      await bell.waitFor();
      assert.match(await bell.getAttribute('aria-label'), /1 wait for you/);
      await bell.click();
      const tray = ada.page.getByRole('dialog', { name: 'Notifications' });
      await tray.getByRole('tab', { name: 'Action required' }).click();
      const asked = tray.getByRole('button', { name: /waits for you: Approval wanted/ }).first();
      await asked.waitFor();
      assert.deepEqual(await axeFaults(ada.page), []);
      await ada.page.screenshot({ path: `${shots}tray.png` });
      await asked.click();
      await ada.page.waitForURL(/\/inbox\?/);
      await ada.page.getByRole('article').getByText('May I ask this?').first().waitFor();
      await ada.page.screenshot({ path: `${shots}inbox-approval.png` });
      // Enter decides nothing; the key does.
      await ada.page.getByRole('grid', { name: 'Approvals' }).focus();
      await ada.page.keyboard.press('Enter');
      await ada.page.keyboard.press('a');
      await ada.page.getByText('Decided: approved').first().waitFor();
      await answered(page);
      await page.getByRole('button', { name: 'Why this answer' }).click();
      await page.getByRole('tab', { name: 'Policy' }).click();
      await page.getByRole('tabpanel', { name: 'Policy' }).getByText('Approval', { exact: true }).waitFor();
      // What was decided, and by whom, is a click away in the journal.
      await page.goto('/inbox?state=all');
      await page.getByRole('link', { name: 'Its lines in the audit' }).click();
      await page.waitForURL(/\/audit\?/);
      await page.getByRole('gridcell', { name: 'approval.decided' }).first().click();
      await page.getByText('Proven here, by this browser’s own cryptography.').waitFor();
      await page.getByRole('dialog').getByText('ada').first().waitFor();
      await page.keyboard.press('Escape');
      // A no needs a reason.
      await page.goto('/chat');
      await ask(page, 'And may I ask that?');
      await ada.page.goto('/inbox');
      await ada.page.getByRole('article').getByText('And may I ask that?').first().waitFor();
      await ada.page.keyboard.press('r');
      await ada.page.getByText('Say why: the other person reads it.').waitFor();
      await ada.page.getByLabel('Reason').fill('Not this one.');
      await ada.page.getByRole('button', { name: 'Reject' }).click();
      await ada.page.getByText('Decided: rejected').first().waitFor();
      await page.getByText('approval_rejected').waitFor();
      assert.deepEqual([...owner.faults, ...ada.faults], []);
      await ada.context.close();
    });

    step('without the right hears which one is missing', async () => {
      const viewer = await world.invited('vera', 'viewer');
      await viewer.page.goto('/audit');
      await viewer.page.getByRole('heading', { name: 'You may not see this' }).or(viewer.page.getByText('You may not see this')).first().waitFor();
      await viewer.page.getByText('audit:read').waitFor();
      assert.equal(await viewer.page.getByRole('link', { name: 'Audit' }).count(), 0);
      await viewer.page.screenshot({ path: `${shots}forbidden.png` });
      await viewer.context.close();
    });
  });

  describe('an answer that is under way', () => {
    step('is stopped, keeps its words, and is asked again as a sibling', async () => {
      const { page } = owner;
      const session = (await world.soma.call('POST', '/v1/personas', { id: 'paced', name: 'Paced', instructions: 'Answer.', model: 'paced' }).catch(() => null)) ?? true;
      assert.ok(session);
      world.paced.hold();
      await page.goto('/chat?persona=paced');
      await ask(page, 'Tell me slowly');
      await approveOpen();
      await page.getByText(world.paced.firstHalf).waitFor();
      const from = Date.now();
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByText('Stopped here.').waitFor();
      const took = Date.now() - from;
      console.log(`# stopped after ${took} ms (to reach: 1000)`);
      // Whatever lies on the button makes a person wait: a message that stands there does so for six seconds.
      assert.ok(took < 5_000, `It took ${took} ms.`);
      await page.getByText(world.paced.firstHalf).waitFor();
      world.paced.goOn();
      await page.getByRole('button', { name: 'Ask again' }).click();
      await page.getByText(world.paced.text).waitFor();
      await page.getByLabel('2 of 2').waitFor();
      await page.getByRole('button', { name: 'Earlier answer' }).click();
      await page.getByText('Stopped here.').waitFor();
    });

    step('goes on after a reload in the middle, byte for byte', async () => {
      const { page } = owner;
      world.paced.hold();
      await ask(page, 'And once more');
      const turn = page.locator('[data-turn]').filter({ hasText: 'And once more' });
      await turn.getByText(world.paced.firstHalf).waitFor();
      await page.reload();
      await turn.getByText(world.paced.firstHalf).waitFor();
      world.paced.goOn();
      await turn.getByRole('button', { name: 'Why this answer' }).waitFor();
      assert.equal(await turn.locator('.soma-prose').innerText(), world.paced.text);
    });

    step('says that the server went away, and goes on when it is back', async () => {
      const { page } = owner;
      world.paced.hold();
      await ask(page, 'And while you restart');
      const turn = page.locator('[data-turn]').filter({ hasText: 'And while you restart' });
      await turn.getByText(world.paced.firstHalf).waitFor();
      await world.soma.kill();
      await page.getByText('The connection broke. It goes on by itself.').waitFor();
      await turn.getByText(world.paced.firstHalf).waitFor();
      await world.soma.restart();
      // The server gives the lost turn up when its lease is over.
      await turn.getByText('turn_interrupted').waitFor({ timeout: 60_000 });
      await turn.getByText(world.paced.firstHalf).waitFor();
      assert.equal(await page.getByText('The connection broke. It goes on by itself.').count(), 0);
      world.paced.goOn();
      await ask(page, 'Now again');
      await page.locator('[data-turn]').filter({ hasText: 'Now again' }).getByText(world.paced.text).waitFor();
    });
  });

  /** Where the policy wants a second person for new sessions, lets the newest one pass. */
  const approveOpen = async () => {
    await world.soma.call('PUT', '/v1/users/keeper', { display_name: 'Keeper', capabilities: ['approval:decide', 'policy:write', 'session:start', 'session:read'] }).catch(() => undefined);
    const token = await world.soma.token('--principal', 'keeper');
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
      const { body } = await world.soma.call('GET', '/v1/approvals?state=pending', undefined, { token });
      const open = body.data[0];
      if (open) return world.soma.call('POST', `/v1/approvals/${open.id}/decision`, { decision: 'approve', digest: open.digest }, { token });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('Nothing waits for approval.');
  };

  describe('a question', () => {
    step('is written anew beside the old one, the model reads only what leads to it, and both stay', async () => {
      const { page } = owner;
      world.paced.goOn();
      const turn = (words) => page.locator('[data-turn]').filter({ hasText: words });
      const done = (words) => turn(words).getByRole('button', { name: 'Why this answer' }).waitFor();
      const readAnswers = () => world.paced.asked.filter((one) => one.role === 'assistant').length;
      await page.goto('/chat?persona=paced');
      await ask(page, 'The first word');
      await approveOpen();
      await done('The first word');
      await ask(page, 'The second word');
      await done('The second word');
      assert.equal(readAnswers(), 1);
      await turn('The first word').hover();
      await turn('The first word').getByRole('button', { name: 'Edit' }).click();
      await message(page).fill('The changed word');
      await message(page).press('Enter');
      await done('The changed word');
      assert.equal(readAnswers(), 0);
      assert.equal(await turn('The second word').count(), 0);
      await turn('The changed word').getByLabel('2 of 2').waitFor();
      await page.getByRole('button', { name: 'Earlier answer' }).click();
      await turn('The second word').waitFor();
      await page.reload();
      await turn('The second word').waitFor();
      await ask(page, 'The third word');
      await done('The third word');
      assert.equal(readAnswers(), 2);
      assert.equal(await turn('The changed word').count(), 0);
      const { turns } = (await world.soma.call('GET', `/v1/sessions/${new URL(page.url()).pathname.split('/').at(-1)}`)).body;
      const parents = Object.fromEntries(turns.map((one) => [one.prompt, turns.find((other) => other.turn_id === one.parent_turn)?.prompt ?? null]));
      assert.deepEqual(parents, { 'The first word': null, 'The second word': 'The first word', 'The changed word': null, 'The third word': 'The second word' });
    });
  });

  describe('a tool', () => {
    step('asks first, is shown in the answer with what went in and what came back, and leads to its record', async () => {
      const { page, faults } = owner;
      faults.length = 0;
      world.paced.goOn();
      await world.soma.call('POST', '/v1/personas', { id: 'tooled', name: 'Tooled', instructions: 'Use what you have.', model: tooled, tools: ['memory.recall'] });
      await page.goto('/chat?persona=tooled');
      await ask(page, 'What stops everything?');
      await approveOpen();
      // Memories that nobody vouches for were read, so the policy wants a second person for the tool as well.
      const card = page.getByRole('log').getByRole('group').filter({ hasText: 'memory.recall' });
      await card.getByText('Asks first').waitFor();
      await page.getByRole('article', { name: /./ }).getByText('untrusted_content_read').waitFor();
      await approveOpen();
      await answered(page);
      await card.getByText('Done').waitFor();
      await card.getByText('memory.recall').click();
      await card.getByText('kill switch').first().waitFor();
      assert.deepEqual(await axeFaults(page), []);
      await page.screenshot({ path: `${shots}chat-tool.png` });
      await card.getByRole('link', { name: 'The call as it is recorded' }).click();
      await page.waitForURL(/\/tools\/memory\?.*call=/);
      await page.getByRole('dialog', { name: 'memory.recall' }).getByText('kill switch').first().waitFor();
      assert.deepEqual(faults, []);
    });
  });

  describe('whatever is typed', () => {
    step('stays text: in messages, titles, lists and names', async () => {
      const { page, faults } = owner;
      world.paced.goOn();
      await world.soma.call('POST', '/v1/personas', { id: 'inert', name: hostile[0], instructions: 'Answer.', model: 'soma-extract' });
      await page.goto('/chat?persona=inert');
      await page.getByRole('combobox', { name: 'Persona' }).waitFor();
      await ask(page, hostile.join('\n'));
      await approveOpen();
      await answered(page);
      assert.ok((await page.getByRole('log').innerText()).includes(hostile[0]));
      // What is remembered is as little to be believed as what is said.
      await world.soma.call('POST', '/v1/remember/batch', { items: hostile.map((text) => ({ text, author: hostile[1], tags: [hostile[2]] })) });
      for (const path of ['/', '/inbox?state=all', '/audit', '/memories?tab=items', `/memories?q=${encodeURIComponent(hostile[0])}`]) {
        await page.goto(path);
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        if (path.startsWith('/memories')) await page.getByText(hostile[0]).first().waitFor();
      }
      assert.equal(await page.evaluate(() => globalThis.__owned ?? 0), 0);
      assert.deepEqual(faults, []);
    });

    step('may be a megabyte: it is counted, refused and kept', async () => {
      const { page } = owner;
      await page.goto('/chat');
      await message(page).waitFor();
      await message(page).evaluate((box) => {
        Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, 'a'.repeat(1 << 20));
        box.dispatchEvent(new Event('input', { bubbles: true }));
      });
      await page.getByText(/1,048,576 of 32,000 characters/).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Send' }).isDisabled(), true);
    });
  });

  describe('with the keyboard alone', () => {
    step('somebody goes places, asks, reads why and changes the theme', async () => {
      const { page } = owner;
      await page.goto('/');
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press('i');
      await page.getByRole('heading', { name: 'Inbox' }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Go to…' }).waitFor();
      await page.keyboard.type('dark');
      await page.getByRole('option', { name: 'Theme: Dark', selected: true }).waitFor();
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('preguntar');
      await page.getByRole('option', { name: /^Chat/, selected: true }).waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await page.keyboard.press('c');
      await page.getByRole('heading', { name: 'Ask, and see why' }).waitFor();
      await page.keyboard.type('Who may release the kill switch?');
      await page.keyboard.press('Enter');
      await approveOpen();
      await answered(page);
      for (let steps = 0; steps < 60 && !(await page.evaluate(() => document.activeElement?.textContent?.includes('Why this answer'))); steps++) await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      await page.getByRole('tab', { name: 'Thought', selected: true }).waitFor();
    });
  });

  describe('a device whose clock is wrong', () => {
    step('goes by the server’s, says so, and hurries nothing', async () => {
      const hours = 3;
      const cleo = await world.invited('cleo', 'operator');
      await cleo.context.addInitScript((ms) => {
        const Real = Date;
        globalThis.Date = class extends Real {
          constructor(...parts) {
            if (parts.length > 0) super(...parts);
            else super(Real.now() + ms);
          }
          static now() {
            return Real.now() + ms;
          }
        };
      }, hours * 3_600_000);
      const handed = [];
      cleo.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => String(payload).includes('"token"') && handed.push(payload)));
      const silent = [];
      cleo.page.on('request', (request) => request.url().includes('prompt=none') && silent.push(request.url()));
      await owner.page.goto('/chat');
      await ask(owner.page, 'By which clock?');
      await cleo.page.goto('/inbox');
      await cleo.page.getByText(`This device’s clock is ${hours * 60} minutes ahead of the server’s`).waitFor();
      // An approval that holds for an hour more would be over two hours ago by her own clock.
      await cleo.page.getByRole('article').getByText('By which clock?').first().waitFor();
      await cleo.page.getByRole('article').getByText(/expires in (1 hour|\d+ minutes)/).waitFor();
      assert.deepEqual(await axeFaults(cleo.page), []);
      await cleo.page.screenshot({ path: `${shots}clock-ahead.png` });
      await cleo.page.keyboard.press('r');
      await cleo.page.getByLabel('Reason').fill('It was only about the clock.');
      await cleo.page.getByRole('button', { name: 'Reject' }).click();
      await cleo.page.getByText('Decided: rejected').first().waitFor();
      // By her own clock every credential is over; she asks for one and not for one after the other.
      assert.ok(handed.length <= 1, `${handed.length} tokens were handed over`);
      assert.ok(silent.length <= 2, `${silent.length} silent sign-ins`);
      assert.deepEqual(cleo.faults, []);
      await cleo.context.close();
    });
  });

  describe('a session that ends', () => {
    step('while an answer is under way leaves its words, and offers the way back in', async () => {
      const eva = await world.invited('eva', 'operator');
      world.paced.hold();
      await eva.page.goto('/chat?persona=paced');
      await ask(eva.page, 'Before you go');
      await approveOpen();
      await eva.page.getByText(world.paced.firstHalf).waitFor();
      await world.soma.call('DELETE', '/v1/users/eva');
      await eva.page.getByRole('alert').filter({ hasText: 'You are signed out' }).waitFor();
      assert.ok(await eva.page.getByText(world.paced.firstHalf).isVisible());
      await eva.page.screenshot({ path: `${shots}signed-out.png` });
      world.paced.goOn();
      await eva.context.close();
    });

    step('is over after signing out, and begins again where it was', async () => {
      const { page } = owner;
      await page.evaluate(() => fetch('/v1/auth/signout', { method: 'POST' }));
      await page.reload();
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      await page.screenshot({ path: `${shots}sign-in.png` });
      assert.deepEqual(await axeFaults(page), []);
      await world.signIn(page, 'owner', '/inbox');
      await page.getByRole('heading', { name: 'Inbox' }).waitFor();
    });
  });
};
