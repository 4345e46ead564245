import type { ComponentProps, ReactNode } from 'react';
import { cn } from './cn.ts';

/** A framed part of a page. With a `title` it is a named region. */
export const Card = ({ title, hint, actions, className, children, ...rest }: Omit<ComponentProps<'section'>, 'title'> & { title?: ReactNode; hint?: ReactNode; actions?: ReactNode }) => (
  <section className={cn('rounded-lg border border-line bg-surface shadow-card', className)} {...rest}>
    {title ? (
      <header className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
        <div className="min-w-0 flex-1 basis-40">
          <h2 className="text-base font-semibold">{title}</h2>
          {hint ? <p className="text-sm text-muted">{hint}</p> : null}
        </div>
        {actions}
      </header>
    ) : null}
    {children}
  </section>
);

export const CardBody = ({ className, ...rest }: ComponentProps<'div'>) => <div className={cn('p-4', className)} {...rest} />;
