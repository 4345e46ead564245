import { useId, type ComponentProps, type ReactNode } from 'react';
import { cn } from './cn.ts';

const box =
  'w-full rounded-md border border-line-strong bg-surface px-3 text-base text-text placeholder:text-muted disabled:bg-sunken disabled:opacity-60 aria-invalid:border-bad focus-visible:outline-offset-0';

export type FieldParts = { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true };

/** A label with its input, a hint and what is wrong with it, tied together for screen readers. */
export const Field = ({ label, hint, error, className, children }: { label: ReactNode; hint?: ReactNode; error?: string; className?: string; children: (parts: FieldParts) => ReactNode }) => {
  const id = useId();
  const notes = [hint ? `${id}-hint` : null, error ? `${id}-error` : null].filter(Boolean).join(' ');
  return (
    <div className={cn('flex flex-col gap-1', className)}>
      <label htmlFor={id} className="text-sm font-medium">{label}</label>
      {children({ id, 'aria-describedby': notes || undefined, 'aria-invalid': error ? true : undefined })}
      {hint ? <p id={`${id}-hint`} className="text-sm text-muted">{hint}</p> : null}
      {error ? <p id={`${id}-error`} role="alert" className="text-sm text-bad">{error}</p> : null}
    </div>
  );
};

export const Input = ({ className, ...rest }: ComponentProps<'input'>) => <input className={cn(box, 'h-9', className)} {...rest} />;

export const TextArea = ({ className, ...rest }: ComponentProps<'textarea'>) => <textarea className={cn(box, 'min-h-20 py-2', className)} {...rest} />;

/** The browser's own list: it works with every keyboard, phone and screen reader. */
export const Select = ({ className, children, ...rest }: ComponentProps<'select'>) => (
  <select className={cn(box, 'h-9 pe-8', className)} {...rest}>{children}</select>
);

export const CheckBox = ({ label, className, ...rest }: ComponentProps<'input'> & { label: ReactNode }) => (
  <label className={cn('inline-flex items-center gap-2 text-base', className)}>
    <input type="checkbox" className="size-4 accent-accent" {...rest} />
    {label}
  </label>
);
