import { cn } from '@somastack/uix';

/** The sign of the house: a path that asks before it goes on. */
export const Mark = ({ className }: { className?: string }) => <img src="/console/icon.svg" alt="" className={cn('size-7', className)} />;
