export type Sample = { name: string; labels: Readonly<Record<string, string>>; value: number };

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const escapes: Record<string, string> = { n: '\n', '"': '"', '\\': '\\' };

/** The samples in a page of the Prometheus text format; lines that are none are passed over. */
export const samplesIn = (text: string): readonly Sample[] =>
  text.split('\n').flatMap((one) => {
    const match = one.startsWith('#') ? null : line.exec(one);
    const value = match ? Number(match[3]) : NaN;
    if (!match || Number.isNaN(value)) return [];
    return [{ name: match[1]!, labels: Object.fromEntries([...(match[2] ?? '').matchAll(label)].map(([, name, quoted]) => [name!, quoted!.replace(/\\(.)/g, (_, sign: string) => escapes[sign] ?? sign)])), value }];
  });

/** What this process counted. Everybody on this address may ask. */
export const readMetrics = async () => {
  const response = await fetch('/metrics', { cache: 'no-store' });
  if (!response.ok) throw new Error(`/metrics: ${response.status}`);
  return samplesIn(await response.text());
};
