import { useMemo } from 'react';
import { useLanguage } from '~/i18n/words.ts';

const currencyDigitsMax = 9;
const byteSteps = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const byteStep = 1000;
const minuteSeconds = 60;
const secondMs = 1000;

/** Numbers in the spelling of a language. Every one takes what is known; the caller shows what is not. */
export const numbersIn = (lang: string) => {
  const whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
  const decimal = new Intl.NumberFormat(lang, { maximumFractionDigits: 3 });
  const share = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 1 });
  const range = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 0 });
  const fixed = new Intl.NumberFormat(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  // Only the long word for bytes has a plural.
  const unit = (value: number, name: string) => new Intl.NumberFormat(lang, { style: 'unit', unit: name, unitDisplay: name === 'byte' ? 'long' : 'short', maximumFractionDigits: 1 }).format(value);
  return {
    whole: whole.format,
    decimal: decimal.format,
    share: share.format,
    fixed: fixed.format,
    /** From one share to another, in whole percent: an interval needs no more. */
    shares: (low: number, high: number) => range.formatRange(low, high),
    /** Whole nanos are the server's unit, so nine digits lose nothing. */
    money: (amount: number, currency: string) => new Intl.NumberFormat(lang, { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: currencyDigitsMax }).format(amount),
    ms: (ms: number) => (ms >= 10 * secondMs ? unit(ms / secondMs, 'second') : unit(ms, 'millisecond')),
    seconds: (seconds: number) => {
      if (seconds < 2 * minuteSeconds) return unit(seconds, 'second');
      const minutes = seconds / minuteSeconds;
      if (minutes < 2 * minuteSeconds) return unit(minutes, 'minute');
      const hours = minutes / minuteSeconds;
      return hours < 48 ? unit(hours, 'hour') : unit(hours / 24, 'day');
    },
    bytes: (bytes: number) => {
      const step = Math.min(byteSteps.length - 1, Math.max(0, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(byteStep))));
      return unit(bytes / byteStep ** step, byteSteps[step]!);
    },
  };
};

export type Numbers = ReturnType<typeof numbersIn>;

export const useNumbers = () => {
  const lang = useLanguage();
  return useMemo(() => numbersIn(lang), [lang]);
};
