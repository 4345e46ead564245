import { Select } from '@somastack/uix';
import type { Schemas } from '~/api/client.ts';
import { PreferencesOf } from '../notifications/Preferences.tsx';
import { route } from './screen.ts';
import { useSettingsWords } from './words.ts';

/** A person's own preferences, and for an administrator those of the tenant. */
export const Notifications = ({ me }: { me: Schemas['MeView'] }) => {
  const say = useSettingsWords();
  const go = route.useNavigate();
  const isAdmin = me.capabilities.includes('tenant:admin');
  const { whose: wanted = 'me' } = route.useSearch();
  const whose = isAdmin ? wanted : 'me';
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      {isAdmin ? <Select aria-label={say('whose')} value={whose} onChange={(event) => void go({ search: (old) => ({ ...old, whose: event.target.value as typeof whose }), replace: true })} className="h-8 w-auto self-start text-sm"><option value="me">{say('mine')}</option><option value="tenant">{say('ofTenant')}</option></Select> : null}
      <PreferencesOf owner={{ tenant: me.tenant, principal: whose === 'me' ? me.principal : null }} />
    </div>
  );
};
