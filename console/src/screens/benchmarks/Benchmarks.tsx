import { Tabs } from '@somastack/uix';
import { PageHead } from '~/app/PageHead.tsx';
import { Capsules } from './Capsules.tsx';
import { Runs } from './Runs.tsx';
import { Scores } from './Scores.tsx';
import { benchmarkTabs, route } from './screen.ts';
import { Suggestions } from './Suggestions.tsx';
import { useBenchmarkWords } from './words.ts';

const parts = { scores: Scores, runs: Runs, suggestions: Suggestions, capsules: Capsules } as const;

export const Benchmarks = () => {
  const say = useBenchmarkWords();
  const go = route.useNavigate();
  const { tab = 'scores' } = route.useSearch();
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} />
      <Tabs label={say('tabs')} value={tab} onChange={(to) => void go({ to: '/benchmarks', search: (old) => ({ ...old, tab: to as typeof tab }) })} className="flex-1"
        tabs={benchmarkTabs.map((id) => {
          const Part = parts[id];
          return { id, label: say(id), content: <Part /> };
        })} />
    </>
  );
};
