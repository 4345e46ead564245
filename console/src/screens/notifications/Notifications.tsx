import { Tabs } from '@somastack/uix';
import { PageHead } from '~/app/PageHead.tsx';
import { Centre } from './Centre.tsx';
import { Deliveries } from './Deliveries.tsx';
import { PreferencesPart } from './Preferences.tsx';
import { notificationTabs, route } from './screen.ts';
import { Webhooks } from './Webhooks.tsx';
import { useNotificationWords } from './words.ts';

const parts = { inbox: Centre, preferences: PreferencesPart, webhooks: Webhooks, deliveries: Deliveries } as const;

export const Notifications = () => {
  const say = useNotificationWords();
  const go = route.useNavigate();
  const { tab = 'inbox' } = route.useSearch();
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} />
      <Tabs label={say('tabs')} value={tab} onChange={(to) => void go({ to: '/notifications', search: { tab: to === 'inbox' ? undefined : (to as typeof tab) } })} className="flex-1"
        tabs={notificationTabs.map((id) => {
          const Part = parts[id];
          return { id, label: say(id), content: <Part /> };
        })} />
    </>
  );
};
