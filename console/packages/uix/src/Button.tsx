import { cva, type VariantProps } from 'class-variance-authority';
import { LoaderCircle } from 'lucide-react';
import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

const button = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:cursor-not-allowed disabled:opacity-50 aria-disabled:opacity-50',
  {
    variants: {
      look: {
        primary: 'bg-primary text-on-primary hover:bg-primary-hover',
        plain: 'border border-line bg-surface text-text hover:bg-hover',
        quiet: 'text-muted hover:bg-hover hover:text-text',
        danger: 'border border-bad bg-bad-soft text-bad hover:border-2',
      },
      size: { sm: 'h-7 px-2.5 text-sm', md: 'h-9 px-3.5 text-base', icon: 'size-8 text-base' },
    },
    defaultVariants: { look: 'plain', size: 'md' },
  },
);

export type ButtonProps = ComponentProps<'button'> & VariantProps<typeof button> & { busy?: boolean };

/** A button. While `busy` it cannot be pressed again and says so. */
export const Button = ({ look, size, busy = false, className, children, disabled, type = 'button', ...rest }: ButtonProps) => (
  <button type={type} className={cn(button({ look, size }), className)} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
    {busy ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : null}
    {children}
  </button>
);

/** The look of a button on another element, as a link. */
export const buttonLook = (props: VariantProps<typeof button> = {}) => button(props);
