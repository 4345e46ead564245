import { test } from 'node:test';
import { shots } from './chrome.mjs';
import { World } from './world.mjs';

/** A step that hangs has failed; the others still run. */
const stepMaxMs = 120_000;

let started;

/** The world of this run, made when the first test wants it. */
export const sharedWorld = () => (started ??= World.start());

export const endWorld = async () => (await started)?.stop();

/** A test that leaves pictures of every open page when it fails. */
export const step = (name, act) =>
  test(name, { timeout: stepMaxMs }, async (context) => {
    try {
      await act(context);
    } catch (cause) {
      const { browser } = await sharedWorld();
      const pages = browser.contexts().flatMap((one) => one.pages());
      for (const [index, page] of pages.entries()) await page.screenshot({ path: `${shots}failed-${name.replaceAll(/\W+/g, '-').slice(0, 60)}-${index}.png` }).catch(() => undefined);
      throw cause;
    }
  });
