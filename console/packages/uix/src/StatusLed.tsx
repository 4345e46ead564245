import { cn } from './cn.ts';
import { useText } from './text.tsx';

export type LedState = 'ok' | 'degraded' | 'down' | 'unknown';

const looks: Record<LedState, string> = { ok: 'text-ok', degraded: 'text-warn', down: 'text-bad', unknown: 'text-muted' };

/** A state as shape, colour and word, so that none of them has to be seen alone: ● ok, ▲ degraded, ■ down, ○ unknown. */
export const StatusLed = ({ state, label, quiet = false, className }: { state: LedState; label?: string; quiet?: boolean; className?: string }) => {
  const text = useText();
  const word = { ok: text.ledOk, degraded: text.ledDegraded, down: text.ledDown, unknown: text.ledUnknown }[state];
  return (
    <span className={cn('inline-flex items-center gap-1.5 text-sm', className)}>
      <svg aria-hidden viewBox="0 0 12 12" className={cn('size-2.5 shrink-0', looks[state])}>
        {state === 'ok' ? <circle cx="6" cy="6" r="5" fill="currentColor" /> : null}
        {state === 'degraded' ? <path d="M6 1 11.5 11H.5Z" fill="currentColor" /> : null}
        {state === 'down' ? <rect x="1.5" y="1.5" width="9" height="9" fill="currentColor" /> : null}
        {state === 'unknown' ? <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" strokeWidth="1.5" /> : null}
      </svg>
      <span className={quiet ? 'sr-only' : undefined}>{label ?? word}</span>
      {label ? <span className="sr-only">: {word}</span> : null}
    </span>
  );
};
