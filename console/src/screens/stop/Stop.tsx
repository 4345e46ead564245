import { AsOf, Banner, Card, EmptyState } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { killSwitchQuery, meQuery } from '~/app/queries.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { EngageForm } from './EngageForm.tsx';
import { AskedReleases, Switch } from './Switch.tsx';
import { useStopWords } from './words.ts';

const capability = 'killswitch:engage';

export const Stop = () => {
  const say = useStopWords();
  const common = useCommon();
  const lang = useLanguage();
  const me = useSuspenseQuery(meQuery).data;
  const switches = useQuery(killSwitchQuery);
  const may = me.capabilities.includes(capability);
  const mayPlatform = may && me.capabilities.includes('platform:admin');
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={switches.dataUpdatedAt ? new Date(switches.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="POST" path="/v1/killswitch" body={{ engaged: true, scope: 'tenant', reason: '…' }} cli='soma kill engage --scope tenant --reason "…"' />} />
      <div className="mx-auto flex max-w-3xl flex-col gap-5 p-5">
        {switches.error ? <Failure cause={switches.error} onRetry={() => void switches.refetch()} /> : !switches.data ? <p role="status" className="text-muted">{common('loading')}</p> : (
          <>
            <AskedReleases />
            <Card title={say('now')}><div className="divide-y divide-line">
              <Switch label={say('tenant')} state={switches.data.tenant} mayChange={may} />
              <Switch label={say('platform')} state={switches.data.platform} mayChange={mayPlatform} />
            </div></Card>
            <Card title={say('parts')}>{switches.data.parts.length === 0 ? <EmptyState title={say('noParts')} className="py-6" /> : <div className="divide-y divide-line">{switches.data.parts.map((part) => <Switch key={`${part.scope} ${part.target}`} label={`${say(part.scope as 'persona')}: ${part.target}`} state={part} mayChange={may} />)}</div>}</Card>
          </>
        )}
        {may ? <EngageForm mayPlatform={mayPlatform} /> : <Banner tone="info" title={say('missing')}><code className="font-mono">{capability}</code></Banner>}
      </div>
    </>
  );
};
