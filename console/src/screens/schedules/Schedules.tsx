import { AsOf, Tabs } from '@somastack/uix';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { useLanguage } from '~/i18n/words.ts';
import { schedulesQuery, templatesQuery } from './queries.ts';
import { ScheduleList } from './ScheduleList.tsx';
import { route, scheduleTabs } from './screen.ts';
import { Templates } from './Templates.tsx';
import { useScheduleWords } from './words.ts';

/** What begins by itself, and the templates of it. */
export const Schedules = () => {
  const say = useScheduleWords();
  const lang = useLanguage();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const { tab = 'schedules' } = route.useSearch();
  const schedules = useInfiniteQuery(schedulesQuery);
  const templates = useInfiniteQuery({ ...templatesQuery, enabled: tab === 'templates' });
  const read = (tab === 'schedules' ? schedules : templates).dataUpdatedAt;
  const content = { schedules: () => <ScheduleList me={me} list={schedules} />, templates: () => <Templates me={me} list={templates} /> };
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={read ? new Date(read) : null} locale={lang} />} actions={<CopyRequest method="GET" path={`/v1/${tab}`} cli={tab === 'schedules' ? 'soma schedule list' : undefined} />} />
      <Tabs label={say('title')} value={tab} onChange={(id) => void go({ search: { tab: id as (typeof scheduleTabs)[number] }, replace: true })} tabs={scheduleTabs.map((id) => ({ id, label: say(id), content: tab === id ? content[id]() : null }))} />
    </>
  );
};
