import { Ban, Check, CircleAlert, CircleHelp, CircleDashed, Clock, LoaderCircle, ShieldQuestion, Wrench, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Badge, type Tone } from './Badge.tsx';
import { cn } from './cn.ts';
import { JsonView } from './JsonView.tsx';
import { useText, type UixText } from './text.tsx';

export type ToolState = 'queued' | 'pending' | 'running' | 'approval-requested' | 'approval-answered' | 'done' | 'failed' | 'denied' | 'cancelled' | 'unknown';

const looks: Record<ToolState, { tone: Tone; icon: ReactNode; word: keyof UixText }> = {
  queued: { tone: 'neutral', icon: <Clock aria-hidden className="size-3" />, word: 'toolQueued' },
  pending: { tone: 'neutral', icon: <CircleDashed aria-hidden className="size-3" />, word: 'toolPending' },
  running: { tone: 'info', icon: <LoaderCircle aria-hidden className="size-3 animate-spin" />, word: 'toolRunning' },
  'approval-requested': { tone: 'warn', icon: <ShieldQuestion aria-hidden className="size-3" />, word: 'toolAsking' },
  'approval-answered': { tone: 'info', icon: <Check aria-hidden className="size-3" />, word: 'toolAnswered' },
  done: { tone: 'ok', icon: <Check aria-hidden className="size-3" />, word: 'toolDone' },
  failed: { tone: 'bad', icon: <CircleAlert aria-hidden className="size-3" />, word: 'toolFailed' },
  denied: { tone: 'bad', icon: <Ban aria-hidden className="size-3" />, word: 'toolDenied' },
  cancelled: { tone: 'neutral', icon: <X aria-hidden className="size-3" />, word: 'toolCancelled' },
  unknown: { tone: 'warn', icon: <CircleHelp aria-hidden className="size-3" />, word: 'toolUnknown' },
};

/** One call of a tool. Closed by default: the answer matters more than how it was got. */
export const ToolCard = ({ name, state, elapsed, args, result, facts, className }: { name: string; state: ToolState; elapsed?: string; args?: unknown; result?: unknown; facts?: ReactNode; className?: string }) => {
  const text = useText();
  const look = looks[state];
  return (
    <details className={cn('rounded-lg border border-line bg-surface', className)}>
      <summary className="flex min-h-10 list-none items-center gap-2.5 rounded-lg px-3 hover:bg-hover">
        <Wrench aria-hidden className="size-4 text-muted" />
        <span className="min-w-0 truncate font-mono text-sm">{name}</span>
        <Badge tone={look.tone}>{look.icon}{text[look.word]}</Badge>
        {elapsed ? <span className="ms-auto text-xs text-muted tabular-nums">{elapsed}</span> : null}
      </summary>
      <div className="flex flex-col gap-3 border-t border-line p-3 text-sm">
        {args === undefined ? null : <div><p className="mb-1 font-medium">{text.toolArguments}</p><JsonView value={args} label={text.toolArguments} className="max-h-48" /></div>}
        {result === undefined ? null : <div><p className="mb-1 font-medium">{text.toolResult}</p><JsonView value={result} label={text.toolResult} className="max-h-48" /></div>}
        {facts}
      </div>
    </details>
  );
};
