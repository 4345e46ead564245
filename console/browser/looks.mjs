// Ways to look at a page: themes, narrow, zoomed, mirrored, with longer words; and what must not be seen then.
const keptUnder = 'soma.look';

/** Longer words or a page that reads from the right, as src/i18n/pseudo.ts does them; undefined is as it was. */
export const pretend = async (page, pseudo) => {
  await page.evaluate(
    ({ key, value }) => {
      localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key) ?? '{}'), pseudo: value }));
      dispatchEvent(new StorageEvent('storage', { key }));
    },
    { key: keptUnder, value: pseudo },
  );
  await page.waitForFunction((mirrored) => (document.documentElement.dir === 'rtl') === mirrored, pseudo === 'mirrored');
  if (pseudo) await page.waitForFunction(() => document.body.innerText.includes('~]'));
};

/** `high contrast` of the theme that is shown. */
export const setTheme = (page, theme) =>
  page.evaluate((name) => {
    if (name !== 'high contrast') document.documentElement.dataset.theme = name;
    if (name === 'high contrast') document.documentElement.dataset.contrast = 'high';
    else delete document.documentElement.dataset.contrast;
  }, theme);

/** By how much the page is wider than its window; anything above zero scrolls sideways. */
export const sideways = (page) => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));

/** Words of the console that are cut off or stick out of their control. What ends in an ellipsis is cut on purpose. */
export const clipped = (page) =>
  page.evaluate(() => {
    const slack = 1;
    const holds = new Set(['BUTTON', 'A', 'LABEL', 'LEGEND', 'TH', 'H1', 'H2', 'H3', 'DT', 'DD', 'P', 'SUMMARY', 'LI', 'TD', 'DIV', 'SECTION', 'MAIN', 'BODY']);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (!text.data.trim() || !text.parentElement.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const { left, right } = range.getBoundingClientRect();
      for (let box = text.parentElement; box && box !== document.body; box = box.parentElement) {
        const style = getComputedStyle(box);
        // Its own place, a way to reach the rest, or three dots: nothing is lost there. What only a reader of the screen hears is a pixel wide.
        if (/absolute|fixed|sticky/.test(style.position) || /auto|scroll/.test(style.overflowX) || style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none') break;
        if (style.display === 'inline' || style.display === 'contents' || !holds.has(box.tagName)) continue;
        const rect = box.getBoundingClientRect();
        if (left >= rect.left - slack && right <= rect.right + slack) continue;
        found.push(`${box.tagName.toLowerCase()}: ${text.data.trim().slice(0, 60)}: ${Math.round(left)}–${Math.round(right)} in ${Math.round(rect.left)}–${Math.round(rect.right)}`);
        break;
      }
    }
    return found;
  });
