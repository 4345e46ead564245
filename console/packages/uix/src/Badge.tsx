import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

export type Tone = 'neutral' | 'ok' | 'warn' | 'bad' | 'info' | 'accent';

const tones: Record<Tone, string> = {
  neutral: 'bg-sunken text-muted border-line',
  ok: 'bg-ok-soft text-ok border-ok/25',
  warn: 'bg-warn-soft text-warn border-warn/30',
  bad: 'bg-bad-soft text-bad border-bad/25',
  info: 'bg-info-soft text-info border-info/25',
  accent: 'bg-accent-soft text-accent border-accent/25',
};

export const Badge = ({ tone = 'neutral', className, ...rest }: ComponentProps<'span'> & { tone?: Tone }) => (
  <span className={cn('inline-flex items-center gap-1 rounded-full border px-2 py-px text-xs font-medium whitespace-nowrap', tones[tone], className)} {...rest} />
);

export const Kbd = ({ className, ...rest }: ComponentProps<'kbd'>) => (
  <kbd className={cn('inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-sunken px-1 font-sans text-xs text-muted', className)} {...rest} />
);
