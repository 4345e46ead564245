import { AsOf, Badge, Banner, Card, CardBody } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { api, bodyOf } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { instant, relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { Guardrails } from './Guardrails.tsx';
import { isProduction } from './wizard.ts';
import { Wizard } from './Wizard.tsx';
import { useModeWords } from './words.ts';

export const modeQuery = { queryKey: ['mode'], queryFn: () => bodyOf(api.GET('/v1/deployment-mode')), refetchInterval: 10_000 } as const;
export const guardrailsQuery = { queryKey: ['mode', 'guardrails'], queryFn: () => bodyOf(api.GET('/v1/deployment-mode/guardrails')), staleTime: Infinity } as const;

const capability = 'platform:admin';

/** The mode that holds, what it refuses, and the way into another one. */
export const Mode = () => {
  const say = useModeWords();
  const common = useCommon();
  const lang = useLanguage();
  const me = useSuspenseQuery(meQuery).data;
  const mode = useQuery(modeQuery);
  const guardrails = useQuery(guardrailsQuery);
  const holding = mode.data ? [...mode.data.guardrails, ...mode.data.standing] : [];
  const error = mode.error ?? guardrails.error;
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={mode.dataUpdatedAt ? new Date(mode.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path="/v1/deployment-mode" />} />
      <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
        {error ? <Failure cause={error} onRetry={() => void Promise.all([mode.refetch(), guardrails.refetch()])} /> : !mode.data || !guardrails.data ? <p role="status" className="text-muted">{common('loading')}</p> : (
          <>
            <Card title={say('now')} actions={<Badge tone={isProduction(mode.data.mode) ? 'bad' : mode.data.mode.startsWith('test') ? 'warn' : 'neutral'} className="font-mono" data-mode={mode.data.mode}>{mode.data.mode}</Badge>}>
              <CardBody className="flex flex-col gap-1.5">
                {mode.data.expires_at ? <Banner tone="warn" title={say('endsAt', { when: instant(lang).format(new Date(mode.data.expires_at)), relative: relativeTime(new Date(mode.data.expires_at), lang) })}>{mode.data.fallback ? say('fallsTo', { mode: mode.data.fallback }) : null}</Banner> : null}
                <p className="text-sm text-muted">{mode.data.changed_by ? say('by', { who: mode.data.changed_by, when: instant(lang).format(new Date(mode.data.changed_at)) }) : say('never')}</p>
                {mode.data.reason ? <p className="break-words">{mode.data.reason}</p> : null}
                {holding.length === 0 ? <p className="text-sm text-muted">{say('noneHold')}</p> : <details><summary className="text-sm font-medium">{say('hold', { n: holding.length })}</summary><Guardrails list={holding} empty={say('noneHold')} /></details>}
              </CardBody>
            </Card>
            {me.capabilities.includes(capability) ? <Wizard current={mode.data.mode} guardrails={[...guardrails.data.guardrails, ...guardrails.data.standing]} /> : <Banner tone="info" title={say('missing')}><code className="font-mono">{capability}</code></Banner>}
          </>
        )}
      </div>
    </>
  );
};
