import { useEffect, useState } from 'react';

const roles = ['text', 'muted', 'line', 'surface', 'accent', 'ok', 'warn', 'bad', 'info', 'line-strong'] as const;
export type Palette = Record<(typeof roles)[number], string>;

/** The colours of the present theme as a canvas understands them everywhere; libraries do not read OKLCH. */
const read = (): Palette => {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext('2d', { willReadFrequently: true })!;
  return Object.fromEntries(
    roles.map((role) => {
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = style.getPropertyValue(`--soma-${role}`).trim();
      paint.fillRect(0, 0, 1, 1);
      const [red, green, blue] = paint.getImageData(0, 0, 1, 1).data;
      return [role, `rgb(${red}, ${green}, ${blue})`];
    }),
  ) as Palette;
};

/** The palette, read again when theme or contrast change. */
export const usePalette = () => {
  const [palette, setPalette] = useState(read);
  useEffect(() => {
    const watch = new MutationObserver(() => setPalette(read()));
    watch.observe(document.documentElement, { attributeFilter: ['data-theme', 'data-contrast'] });
    return () => watch.disconnect();
  }, []);
  return palette;
};
