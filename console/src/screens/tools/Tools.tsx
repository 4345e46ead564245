import { AsOf, Tabs } from '@somastack/uix';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Forbidden } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { useLanguage } from '~/i18n/words.ts';
import { AdapterPage } from './AdapterPage.tsx';
import { Adapters } from './Adapters.tsx';
import { CallDrawer } from './Calls.tsx';
import { Publishers } from './Publishers.tsx';
import { adaptersQuery } from './queries.ts';
import { Register } from './Register.tsx';
import { route, toolTabs } from './screen.ts';
import { useToolWords } from './words.ts';

const manage = 'tool:manage';

/** Adapters, whose signatures count, and how another one comes in. */
export const Tools = () => {
  const say = useToolWords();
  const lang = useLanguage();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { adapter } = route.useParams();
  const { tab = 'adapters', call } = route.useSearch();
  const list = useInfiniteQuery({ ...adaptersQuery, enabled: adapter === undefined });
  const mayManage = me.capabilities.includes(manage);
  const guarded = (part: ReactNode) => (mayManage ? part : <Forbidden capability={manage} tenant={me.tenant} />);
  const content = { adapters: () => <Adapters list={list} />, publishers: () => guarded(<Publishers me={me} />), register: () => guarded(<Register />) };
  return (
    <>
      {adapter ? <AdapterPage key={adapter} id={adapter} me={me} /> : (
        <>
          <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={list.dataUpdatedAt ? new Date(list.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path={tab === 'publishers' ? '/v1/tool-publishers' : '/v1/adapters'} cli={tab === 'publishers' ? 'soma tool publishers' : 'soma tool list'} />} />
          <Tabs label={say('title')} value={tab} onChange={(id) => void go({ to: '/tools/{-$adapter}', params: { adapter: undefined }, search: { tab: id as (typeof toolTabs)[number] }, replace: true })} tabs={toolTabs.map((id) => ({ id, label: say(id), content: tab === id ? content[id]() : null }))} />
        </>
      )}
      {call ? <CallDrawer key={call} id={call} onClose={() => void go({ search: (old) => ({ ...old, call: undefined }), replace: true })} /> : null}
    </>
  );
};
