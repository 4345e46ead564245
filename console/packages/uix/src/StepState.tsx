import { Ban, Check, CircleAlert, CircleDashed, Hourglass, LoaderCircle, RotateCcw, SkipForward, Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { Badge, type Tone } from './Badge.tsx';
import { useText, type UixText } from './text.tsx';

const looks = {
  pending: { tone: 'neutral', icon: <CircleDashed aria-hidden className="size-3" />, word: 'stepPending' },
  running: { tone: 'info', icon: <LoaderCircle aria-hidden className="size-3 motion-safe:animate-spin" />, word: 'stepRunning' },
  waiting: { tone: 'warn', icon: <Hourglass aria-hidden className="size-3" />, word: 'stepWaiting' },
  retrying: { tone: 'warn', icon: <RotateCcw aria-hidden className="size-3" />, word: 'stepRetrying' },
  completed: { tone: 'ok', icon: <Check aria-hidden className="size-3" />, word: 'stepCompleted' },
  skipped: { tone: 'neutral', icon: <SkipForward aria-hidden className="size-3" />, word: 'stepSkipped' },
  failed: { tone: 'bad', icon: <CircleAlert aria-hidden className="size-3" />, word: 'stepFailed' },
  cancelled: { tone: 'neutral', icon: <Ban aria-hidden className="size-3" />, word: 'stepCancelled' },
  compensated: { tone: 'neutral', icon: <Undo2 aria-hidden className="size-3" />, word: 'stepCompensated' },
} as const satisfies Record<string, { tone: Tone; icon: ReactNode; word: keyof UixText }>;

const unknown = { tone: 'neutral', icon: null, word: null } as const;

/** How a state of a step looks; one that a newer server names shows its own name. */
export const stepLook = (state: string): { tone: Tone; icon: ReactNode; word: keyof UixText | null } => (state in looks ? looks[state as keyof typeof looks] : unknown);

/** A state as icon, colour and word, so that none of them has to be seen alone. */
export const StepState = ({ state }: { state: string }) => {
  const text = useText();
  const look = stepLook(state);
  return <Badge tone={look.tone}>{look.icon}{look.word ? text[look.word] : state}</Badge>;
};
