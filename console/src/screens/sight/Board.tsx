import { AsOf, Badge, Card, EmptyState, StatusLed } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { healthQuery, statusQuery } from '~/app/queries.ts';
import { useLanguage } from '~/i18n/words.ts';
import { ledsOf, type Check } from './board.ts';
import { useSightWords } from './words.ts';

const probeMs = 5_000;

/** The time, so that a value that nobody renews grows old by itself. */
const useNow = () => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), probeMs / 2);
    return () => clearInterval(timer);
  }, []);
  return now;
};

/** One light for each thing that the server probes. */
export const Board = () => {
  const say = useSightWords();
  const lang = useLanguage();
  const number = useNumbers();
  const now = useNow();
  const health = useQuery({ ...healthQuery, refetchInterval: probeMs });
  const region = useQuery(statusQuery).data?.region;
  const leds = ledsOf((health.data?.checks ?? []) as readonly Check[], { failed: health.isError, ageMs: now - health.dataUpdatedAt, everyMs: probeMs });
  return (
    <Card title={say('board')} hint={region ? say('boardHint', { region }) : say('noRegion')} actions={<><AsOf at={health.dataUpdatedAt ? new Date(health.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="GET" path="/readyz?verbose" cli="soma status" /></>}>
      {leds.length === 0 ? <EmptyState title={health.isPending ? say('firstProbe') : health.isError ? say('notProbed') : say('noChecks')} className="py-8" /> : (
        <ul aria-label={say('board')} className="grid gap-px bg-line sm:grid-cols-2 xl:grid-cols-3 overflow-hidden rounded-b-lg">
          {leds.map((led) => (
            <li key={led.name} data-led={led.state} className="flex min-h-24 flex-col gap-1 bg-surface p-4">
              <div className="flex items-center gap-2"><StatusLed state={led.state} label={led.name.replaceAll('_', ' ')} className="text-base font-medium" />{led.required ? <Badge>{say('required')}</Badge> : null}<span className="ms-auto text-sm tabular-nums">{led.value === null ? null : led.unit === 'seconds' ? number.seconds(led.value) : `${number.decimal(led.value)} ${led.unit ?? ''}`}</span></div>
              <p className="text-sm break-words text-muted">{led.state === 'unknown' && led.detail === null ? say('notProbed') : led.detail}</p>
              {led.durationMs === null ? null : <p className="mt-auto text-xs text-muted tabular-nums">{say('took', { time: number.ms(led.durationMs) })}</p>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
};
