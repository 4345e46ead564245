import { CircleAlert, CircleCheck, Info, OctagonAlert, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from './cn.ts';

const looks = {
  info: ['bg-info-soft border-info/30 text-text', 'text-info', Info],
  ok: ['bg-ok-soft border-ok/30 text-text', 'text-ok', CircleCheck],
  warn: ['bg-warn-soft border-warn/35 text-text', 'text-warn', TriangleAlert],
  bad: ['bg-bad-soft border-bad/35 text-text', 'text-bad', CircleAlert],
  stop: ['bg-bad text-surface border-bad', 'text-surface', OctagonAlert],
} as const;

/** A line that concerns the whole page. */
export const Banner = ({ tone, title, children, action, className }: { tone: keyof typeof looks; title: string; children?: ReactNode; action?: ReactNode; className?: string }) => {
  const [look, iconLook, Icon] = looks[tone];
  return (
    <div role={tone === 'info' || tone === 'ok' ? 'status' : 'alert'} className={cn('flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border px-4 py-2.5 text-base', look, className)}>
      <Icon aria-hidden className={cn('size-4 shrink-0', iconLook)} />
      <p className="min-w-0 flex-1"><span className="font-semibold">{title}</span>{children ? <span> {children}</span> : null}</p>
      {action}
    </div>
  );
};
