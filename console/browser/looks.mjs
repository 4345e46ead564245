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
    const texts = [...document.querySelectorAll('button, a, label, legend, th, h1, h2, h3, dt, dd, p, summary, [role=tab], [role=status], option')];
    return texts
      .filter((element) => {
        if (element.scrollWidth <= element.clientWidth + 1 || element.clientWidth <= 1 || !element.checkVisibility({ visibilityProperty: true })) return false;
        const style = getComputedStyle(element);
        if (style.display === 'inline' || style.textOverflow === 'ellipsis' || /auto|scroll/.test(style.overflowX)) return false;
        // What lies in an ellipsis or a scroller of its own is that one's business, and what only a reader of the screen hears is not seen.
        const inner = [...element.querySelectorAll('*')].some((one) => one.scrollWidth > one.clientWidth + 1 && (getComputedStyle(one).textOverflow === 'ellipsis' || /auto|scroll/.test(getComputedStyle(one).overflowX) || getComputedStyle(one).position === 'absolute'));
        return !inner;
      })
      .map((element) => `${element.tagName.toLowerCase()} ${element.innerText.slice(0, 60).replaceAll('\n', ' ')}: ${element.scrollWidth} in ${element.clientWidth}`);
  });
