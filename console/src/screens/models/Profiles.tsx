import { AsOf, Badge, Banner, Button, Card, EmptyState, Table, Unknown } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { ProfileDialog } from './ProfileDialog.tsx';
import { modelsQuery, profilesQuery } from './queries.ts';
import { route } from './screen.ts';
import { useModelWords } from './words.ts';

const capability = 'tenant:admin';

/** Which model answers for each role of this tenant, and what happens when it does not. */
export const Profiles = () => {
  const say = useModelWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const may = me.capabilities.includes(capability);
  const { role } = route.useSearch();
  const profiles = useQuery({ ...profilesQuery(me.tenant), enabled: may });
  const listed = useQuery(modelsQuery).data?.data;
  const open = (to: string | undefined) => void go({ to: '/models', search: (old) => ({ ...old, role: to }), replace: true });
  if (!may) return <div className="p-5"><Banner tone="info" title={say('mayNot')}><code className="font-mono">{capability}</code></Banner></div>;
  if (profiles.error) return <Failure cause={profiles.error} onRetry={() => void profiles.refetch()} />;
  if (!profiles.data) return <p role="status" className="p-6 text-muted">{common('loading')}</p>;
  const edited = profiles.data.profiles.find((one) => one.role === role);
  const isListed = (name: string) => listed === undefined || listed.some((one) => one.id === name || `${one.provider}/${one.id}` === name);
  const model = (name: string) => <span key={name} className="inline-flex items-center gap-1.5 font-mono text-sm">{name}{isListed(name) ? null : <Badge tone="warn" title={say('unknownModel')}>{say('notListed')}</Badge>}</span>;
  return (
    <div className="p-5">
      <Card title={say('profiles')} hint={profiles.data.tenant} actions={<><AsOf at={new Date(profiles.dataUpdatedAt)} locale={lang} /><CopyRequest method="GET" path={`/v1/tenants/${me.tenant}/model-profiles`} cli="soma model promote chat MODEL" /></>}>
        <Table label={say('profiles')} rows={profiles.data.profiles} rowId={(row) => row.role} empty={<EmptyState title={say('noProfiles')} />}
          columns={[
            { id: 'role', header: say('role'), cell: (row) => row.role },
            { id: 'primary', header: say('primary'), cell: ({ profile }) => (profile ? model(profile.primary) : <span className="text-muted">{say('noProfile')}</span>) },
            { id: 'fallbacks', header: say('fallbacks'), cell: ({ profile }) => (profile ? (profile.fallbacks?.length ? <span className="flex flex-col gap-1">{profile.fallbacks.map(model)}</span> : <span className="text-muted">{say('noFallbacks')}</span>) : null) },
            { id: 'settings', header: say('settings'), cell: ({ profile }) => (profile ? <span className="text-sm">{say('temperature')} {profile.settings?.temperature == null ? <Unknown reason={say('left')} quiet /> : number.decimal(profile.settings.temperature)} · {say('maxTokens')} {profile.settings?.max_tokens == null ? <Unknown reason={say('left')} quiet /> : number.whole(profile.settings.max_tokens)}</span> : null) },
            { id: 'retries', header: say('retries'), cell: ({ profile }) => (profile ? number.whole(profile.retries) : null), end: true },
            { id: 'deadlines', header: say('deadlines'), cell: ({ profile }) => (profile ? `${profile.timeout_seconds == null ? '—' : number.seconds(profile.timeout_seconds)} / ${number.seconds(profile.total_seconds)}` : null) },
            { id: 'cache', header: say('cache'), cell: ({ profile }) => (profile ? (profile.cache ? say('on') : say('off')) : null) },
            { id: 'version', header: say('version'), cell: (row) => (row.profile ? row.version : null), end: true },
            { id: 'act', header: '', cell: (row) => <Button size="sm" look="quiet" aria-label={`${say('change')} ${row.role}`} onClick={() => open(row.role)}>{say('change')}</Button>, end: true },
          ]} />
      </Card>
      {edited ? <ProfileDialog key={edited.role} profile={edited} tenant={me.tenant} models={(listed ?? []).map((one) => one.id)} onClose={() => open(undefined)} /> : null}
    </div>
  );
};
