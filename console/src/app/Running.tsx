import { AsOf, Card, CardBody, StatusLed, type LedState } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { healthQuery } from '~/app/queries.ts';
import { useLanguage, words } from '~/i18n/words.ts';

const useRunningWords = words('running', { running: 'What is running', runningHint: 'As each part answers right now.' }, { running: 'Qué está en marcha', runningHint: 'Como responde cada parte ahora mismo.' });
const ledOf: Record<string, LedState> = { ok: 'ok', degraded: 'degraded', failed: 'down', unknown: 'unknown' };

/** The board of everything that answers, one light each. */
export const Running = () => {
  const say = useRunningWords();
  const lang = useLanguage();
  const health = useQuery(healthQuery);
  return (
    <Card title={say('running')} hint={say('runningHint')} actions={<AsOf at={health.dataUpdatedAt ? new Date(health.dataUpdatedAt) : null} locale={lang} />}>
      <CardBody>
        {health.data?.checks ? (
          <ul className="grid gap-x-6 gap-y-2 sm:grid-cols-2">
            {health.data.checks.map((check) => <li key={check.name} className="min-w-0" title={check.detail ?? undefined}><StatusLed state={ledOf[check.state] ?? 'unknown'} label={check.name} />{check.detail && check.state !== 'ok' ? <p className="truncate ps-4 text-xs text-muted">{check.detail}</p> : null}</li>)}
          </ul>
        ) : <StatusLed state="unknown" />}
      </CardBody>
    </Card>
  );
};
