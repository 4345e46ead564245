import type { ReactNode } from 'react';
import { cn } from './cn.ts';

/** What a list shows when it holds nothing: why, and the one thing to do about it. With `page` it is all that a page shows. */
export const EmptyState = ({ icon, title, children, action, className, page = false }: { icon?: ReactNode; title: string; page?: boolean; children?: ReactNode; action?: ReactNode; className?: string }) => (
  <div className={cn('flex flex-col items-center gap-2 px-6 py-12 text-center', className)}>
    {icon ? <div aria-hidden className="mb-1 rounded-full border border-line bg-sunken p-3 text-muted [&_svg]:size-5">{icon}</div> : null}
    {page ? <h1 className="text-lg font-semibold">{title}</h1> : <p className="text-base font-semibold">{title}</p>}
    {children ? <div className="max-w-md text-base text-muted">{children}</div> : null}
    {action ? <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div> : null}
  </div>
);

export const Skeleton = ({ className }: { className?: string }) => <div aria-hidden className={cn('animate-pulse rounded-md bg-hover', className)} />;
