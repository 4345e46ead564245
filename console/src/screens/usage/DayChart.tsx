import { Skeleton } from '@somastack/uix';
import { Suspense, useMemo } from 'react';
import { TimeChart } from '~/charts/lazy.ts';
import { useNumbers } from '~/app/numbers.ts';
import { useLanguage } from '~/i18n/words.ts';
import { totalOf, type UsageDay } from './days.ts';
import { useUsageWords } from './words.ts';

/** Cost or tokens by day; a day that was not read is a gap. */
export const DayChart = ({ what, days, read }: { what: 'cost' | 'tokens'; days: readonly string[]; read: readonly (UsageDay | undefined)[] }) => {
  const say = useUsageWords();
  const lang = useLanguage();
  const number = useNumbers();
  const currency = read.find((day) => day !== undefined)?.currency ?? 'USD';
  const kept = JSON.stringify([days, read.map((day) => (day ? (what === 'cost' ? totalOf(day).cost : totalOf(day).input + totalOf(day).output) : null))]);
  const shown = useMemo(() => {
    const [names, values] = JSON.parse(kept) as [string[], (number | null)[]];
    const show = (value: number) => (what === 'cost' ? number.money(value, currency) : number.whole(value));
    return { days: names, values, series: [{ label: say(what), role: 'accent' as const, values, show }], text: names.map((day, index) => `${day} ${values[index] == null ? '—' : show(values[index])}`).join('; ') };
  }, [kept, what, currency, number, say]);
  return <Suspense fallback={<Skeleton className="h-52" />}><TimeChart days={shown.days} series={shown.series} lang={lang} text={say('chartText', { what: say(what === 'cost' ? 'perDay' : 'tokensPerDay'), values: shown.text })} /></Suspense>;
};
