import { Tabs } from '@somastack/uix';
import { PageHead } from '~/app/PageHead.tsx';
import { Prices } from './Prices.tsx';
import { Profiles } from './Profiles.tsx';
import { Providers } from './Providers.tsx';
import { modelTabs, route } from './screen.ts';
import { TestCall } from './TestCall.tsx';
import { useModelWords } from './words.ts';

const parts = { providers: Providers, profiles: Profiles, test: TestCall, prices: Prices } as const;

export const Models = () => {
  const say = useModelWords();
  const go = route.useNavigate();
  const { tab = 'providers' } = route.useSearch();
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} />
      <Tabs label={say('tabs')} value={tab} onChange={(to) => void go({ to: '/models', search: (old) => ({ ...old, tab: to as typeof tab }) })} className="flex-1"
        tabs={modelTabs.map((id) => {
          const Part = parts[id];
          return { id, label: say(id), content: <Part /> };
        })} />
    </>
  );
};
