import { Tabs } from '@somastack/uix';
import { PageHead } from '~/app/PageHead.tsx';
import { BufferPart } from './BufferPart.tsx';
import { Items } from './Items.tsx';
import { Recall } from './Recall.tsx';
import { memoryTabs, route } from './screen.ts';
import { useMemoryWords } from './words.ts';
import { Working } from './Working.tsx';

const parts = { recall: Recall, items: Items, working: Working, buffer: BufferPart } as const;

/** What the tenant remembers: tried, read, in mind, and on its way. */
export const Memory = () => {
  const say = useMemoryWords();
  const go = route.useNavigate();
  const { tab = 'recall' } = route.useSearch();
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} />
      <Tabs label={say('tabs')} value={tab} onChange={(to) => void go({ to: '/memories', search: (old) => ({ ...old, tab: to as typeof tab }) })} className="flex-1"
        tabs={memoryTabs.map((id) => {
          const Part = parts[id];
          return { id, label: say(id), content: <Part /> };
        })} />
    </>
  );
};
