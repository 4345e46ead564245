// One server, one browser, and the people who use them; made once for all tests.
import { launch, watch } from './chrome.mjs';
import { Paced } from './paced.mjs';
import { Soma } from './soma.mjs';

export const password = 'correct-horse-battery-staple';
const slowMs = Number(process.env.SOMA_SLOW_MS ?? 30_000);

export class World {
  static async start() {
    const world = new World();
    [world.browser, world.paced] = await Promise.all([launch(), Paced.start()]);
    world.soma = await Soma.start({ environment: { SOMA_OPENAI_URL: world.paced.url } });
    return world;
  }

  get url() {
    return this.soma.url;
  }

  /** A browser of its own for one person, with what its pages did wrong. */
  async person(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, viewport: { width: 1360, height: 860 }, reducedMotion: 'reduce', locale: 'en-GB', ...options });
    context.setDefaultTimeout(slowMs);
    const page = await context.newPage();
    const faults = watch(page, this.url);
    return { context, page, faults };
  }

  /** The first person, in one browser for all tests. */
  async owner() {
    this.first ??= await this.person();
    return this.first;
  }

  /**
   * Somebody who opens the console with a password of his own. His way in comes from the host: whoever makes a way into an account has it
   * in his hand, so the owner could not be approved by somebody he invited.
   */
  async invited(principal, ...rolesOrCapabilities) {
    const isCapability = (one) => one.includes(':');
    await this.soma.call('PUT', `/v1/users/${principal}`, { display_name: principal[0].toUpperCase() + principal.slice(1), roles: rolesOrCapabilities.filter((one) => !isCapability(one)), capabilities: rolesOrCapabilities.filter(isCapability) });
    const person = await this.person();
    const { pathname, search } = new URL(await this.soma.token('--principal', principal, '--link'));
    await person.page.goto(pathname + search);
    await this.setPassword(person.page, principal);
    await this.signIn(person.page, principal);
    return person;
  }

  /** On the page to which a one-time link leads. */
  async setPassword(page, login) {
    const proceed = page.getByRole('button', { name: 'Continue' });
    const field = page.getByLabel(/^Password/);
    await proceed.or(field).first().waitFor();
    if (await proceed.isVisible()) await proceed.click();
    const name = page.getByLabel('Name');
    await field.waitFor();
    if (login && (await name.isVisible())) await name.fill(login);
    await field.fill(password);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.waitForLoadState();
  }

  /** The owner's page, signed in, also where nobody opened his link yet. */
  async ownerInside() {
    const owner = await this.owner();
    if ((await this.soma.call('GET', '/v1/auth/me')).body.login === null) {
      await owner.page.goto(this.soma.welcome.sign_in_link);
      await this.setPassword(owner.page);
      await owner.page.waitForURL(/setup|\/$/);
    }
    await this.signIn(owner.page, 'owner');
    return owner;
  }

  async signIn(page, login, path = '/') {
    await page.goto(path);
    const name = page.getByLabel('Name', { exact: true });
    const inside = page.getByRole('navigation', { name: 'Places' });
    await page.getByRole('button', { name: 'Sign in' }).or(inside).first().waitFor();
    if (await inside.isVisible()) return;
    await page.getByRole('button', { name: 'Sign in' }).click();
    await name.or(inside).first().waitFor();
    if (await inside.isVisible()) return;
    await name.fill(login);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await inside.waitFor();
  }

  /** From now on the tenant's policy wants a second person for a kind of action; two people put it in force. */
  async wantApproval(kind) {
    await this.changePolicy((document) => document.rules.push({ id: `ask-first-${kind.replaceAll('.', '-')}`, kinds: [kind], effect: 'needs_approval', code: 'ask_first', message: 'Somebody else looks at this first.', remedy: 'Wait for the decision.' }));
  }

  /** Another policy, put in force by two people. */
  async changePolicy(change) {
    const { body, etag } = await this.soma.call('GET', '/v1/policies');
    change(body.document);
    const put = (headers) => this.soma.call('PUT', '/v1/policies', body.document, { headers: { 'If-Match': etag, ...headers } });
    const asked = await put({});
    if (asked.status !== 202) return;
    await this.soma.call('PUT', '/v1/users/keeper', { display_name: 'Keeper', capabilities: ['approval:decide', 'policy:write'] }).catch(() => undefined);
    const token = await this.soma.token('--principal', 'keeper');
    const { id, digest } = asked.body.approval;
    await this.soma.call('POST', `/v1/approvals/${id}/decision`, { decision: 'approve', digest }, { token });
    await put({ 'Soma-Approval': id });
  }

  async stop() {
    await this.browser?.close();
    await this.soma?.stop();
    await this.paced?.stop();
  }
}
