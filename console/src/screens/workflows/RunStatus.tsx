import { Badge, type Tone } from '@somastack/uix';
import { runStatuses } from './screen.ts';
import { useRunWords } from './words.ts';

const tones: Record<string, Tone> = { running: 'info', waiting: 'warn', compensating: 'warn', completed: 'ok', failed: 'bad' };

export const RunStatus = ({ status, paused = null }: { status: string; paused?: string | null }) => {
  const say = useRunWords();
  const known = runStatuses.find((one) => one === status);
  return <><Badge tone={tones[status] ?? 'neutral'} data-run={status}>{known ? say(known) : status}</Badge>{paused === null ? null : <Badge tone="bad" title={paused}>{say('paused')}</Badge>}</>;
};
