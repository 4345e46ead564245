import { Tabs } from '@somastack/uix';
import { useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { History } from './History.tsx';
import { Notifications } from './Notifications.tsx';
import { route, settingsTabs } from './screen.ts';
import { Values } from './Values.tsx';
import { useSettingsWords } from './words.ts';

/** What the tenant may use and where, and how its people want to hear of things. */
export const Settings = () => {
  const say = useSettingsWords();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const isAdmin = me.capabilities.includes('tenant:admin');
  // Everybody has his own notifications; the rest is the administrators'.
  const { tab: wanted = 'values' } = route.useSearch();
  const tab = isAdmin ? wanted : 'notifications';
  const tabs = settingsTabs.filter((one) => isAdmin || one === 'notifications');
  const content = { values: () => <Values me={me} />, history: () => <History />, notifications: () => <Notifications me={me} /> };
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} actions={<CopyRequest method="GET" path={{ values: '/v1/settings', history: '/v1/settings/history', notifications: `/v1/tenants/${me.tenant}/notification-preferences/${me.principal}` }[tab]} />} />
      <Tabs label={say('title')} value={tab} onChange={(id) => void go({ search: (old) => ({ ...old, tab: id as (typeof settingsTabs)[number] }), replace: true })} tabs={tabs.map((id) => ({ id, label: say(id), content: tab === id ? content[id]() : null }))} />
    </>
  );
};
