import type { i18n, PostProcessorModule } from 'i18next';
import type { Pseudo } from './words.ts';

const accents: Readonly<Record<string, string>> = { a: 'á', c: 'ç', e: 'é', i: 'í', n: 'ñ', o: 'ö', s: 'š', u: 'ü', y: 'ý', A: 'Å', C: 'Ç', E: 'É', I: 'Î', N: 'Ñ', O: 'Ö', S: 'Š', U: 'Û' };

/** Short words grow most in other languages: the lower ends of IBM’s figures in W3C’s "Text size in translation". */
const growths: readonly (readonly [number, number])[] = [[10, 1], [20, 0.8], [30, 0.6], [50, 0.4], [70, 0.5]];
const growthOfLong = 0.3;

/** The text with accents and as long as a translation may become, between marks that show whether its end is seen. */
export const lengthen = (text: string) => {
  if (!/\p{L}/u.test(text)) return text;
  const growth = growths.find(([length]) => text.length <= length)?.[1] ?? growthOfLong;
  return `[${text.replace(/[a-zA-Z]/g, (letter) => accents[letter] ?? letter)} ${'~'.repeat(Math.ceil(text.length * growth)).replace(/~{7}(?=~)/g, '$& ')}]`;
};

const processor: PostProcessorModule = { type: 'postProcessor', name: 'pseudo', process: (value: string) => lengthen(value) };

/** From now on every text of the console is said so, or as it is again. */
export const pretend = (i18next: i18n, pseudo: Pseudo | undefined) => {
  i18next.use(processor);
  i18next.options.postProcess = pseudo ? [processor.name] : false;
};
