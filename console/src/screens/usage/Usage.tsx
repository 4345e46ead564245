import { Tabs } from '@somastack/uix';
import { PageHead } from '~/app/PageHead.tsx';
import { Anomalies } from './Anomalies.tsx';
import { Forecast } from './Forecast.tsx';
import { Ledger } from './Ledger.tsx';
import { Limits } from './Limits.tsx';
import { route, usageTabs } from './screen.ts';
import { Spend } from './Spend.tsx';
import { useUsageWords } from './words.ts';

const parts = { spend: Spend, limits: Limits, forecast: Forecast, ledger: Ledger, anomalies: Anomalies } as const;

export const Usage = () => {
  const say = useUsageWords();
  const go = route.useNavigate();
  const { tab = 'spend' } = route.useSearch();
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} />
      <Tabs label={say('tabs')} value={tab} onChange={(to) => void go({ to: '/usage', search: (old) => ({ ...old, tab: to as typeof tab }) })} className="flex-1"
        tabs={usageTabs.map((id) => {
          const Part = parts[id];
          return { id, label: say(id), content: <Part /> };
        })} />
    </>
  );
};
