import { Tabs } from '@somastack/uix';
import { useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { Invitations } from './Invitations.tsx';
import { Roles } from './Roles.tsx';
import { peopleTabs, route } from './screen.ts';
import { UserList } from './UserList.tsx';
import { usePeopleWords } from './words.ts';

const cli = { users: 'soma user list', invitations: undefined, roles: 'soma user roles' };
const paths = { users: '/v1/users', invitations: '/v1/invitations', roles: '/v1/roles' };

/** Who may do what in this tenant, and how they get in. */
export const People = () => {
  const say = usePeopleWords();
  const go = route.useNavigate();
  const { tab = 'users' } = route.useSearch();
  const me = useSuspenseQuery(meQuery).data;
  const content = { users: () => <UserList me={me} />, invitations: () => <Invitations me={me} />, roles: () => <Roles me={me} /> };
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} actions={<CopyRequest method="GET" path={paths[tab]} cli={cli[tab]} />} />
      <Tabs label={say('title')} value={tab} onChange={(id) => void go({ search: { tab: id as (typeof peopleTabs)[number] }, replace: true })} className="min-h-0 flex-1" tabs={peopleTabs.map((id) => ({ id, label: say(id), content: tab === id ? content[id]() : null }))} />
    </>
  );
};
