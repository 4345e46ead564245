import { Badge } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { statusQuery } from './queries.ts';
import { useShellWords } from './shellWords.ts';

/** Which deployment mode the server is in; production is never overlooked. */
export const ModeChip = () => {
  const say = useShellWords();
  const status = useQuery(statusQuery);
  if (!status.data) return null;
  const { mode, region } = status.data;
  return <Badge tone={mode.startsWith('prod') ? 'bad' : mode.startsWith('test') || mode.startsWith('stag') ? 'warn' : 'neutral'} title={`${say('mode')} · ${region}`}><span className="sr-only">{say('mode')}: </span>{mode}</Badge>;
};
