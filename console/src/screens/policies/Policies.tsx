import { AsOf, Badge, Tabs } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { DraftBar } from './DraftBar.tsx';
import { policyQuery } from './queries.ts';
import { Moderation } from './Moderation.tsx';
import { Rules } from './Rules.tsx';
import { policyTabs, route } from './screen.ts';
import { Simulator } from './Simulator.tsx';
import { Strikes } from './Strikes.tsx';
import { useDraft } from './useDraft.ts';
import { Versions } from './Versions.tsx';
import { Weights } from './Weights.tsx';
import { usePolicyWords } from './words.ts';

/** The policy in force, the one that is being written, and what the second would have decided otherwise. */
export const Policies = () => {
  const say = usePolicyWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { tab = 'rules' } = route.useSearch();
  const me = useSuspenseQuery(meQuery).data;
  const current = useQuery(policyQuery);
  const { draft, write, discard } = useDraft(me.tenant);
  const mayWrite = me.capabilities.includes('policy:write');
  const policy = current.data;
  const shown = draft?.document ?? policy?.document;
  const parts = policy && shown ? { policy: shown, onChange: mayWrite ? (next: typeof shown) => write(policy.version, next) : undefined } : null;
  const content = {
    rules: () => <Rules {...parts!} />,
    weights: () => <Weights {...parts!} />,
    moderation: () => <Moderation {...parts!} />,
    strikes: () => <Strikes me={me} />,
    simulator: () => <Simulator policy={shown!} isDraft={draft !== null} />,
    versions: () => <Versions current={policy!.version} mayWrite={mayWrite} />,
  };
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={current.dataUpdatedAt ? new Date(current.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path="/v1/policies" cli="soma policy show" />}>
        {policy ? <Badge tone="accent" title={policy.hash}>{say('version', { n: policy.version })}</Badge> : null}
        {policy ? <span className="text-xs text-muted max-md:hidden">{policy.inherited ? say('inherited') : say('writtenBy', { who: policy.created_by, when: instant(lang).format(new Date(policy.created_at)) })}</span> : null}
      </PageHead>
      {current.error ? <Failure cause={current.error} onRetry={() => void current.refetch()} /> : !policy || !shown ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <>
          {draft ? <DraftBar draft={draft} current={policy} mayWrite={mayWrite} onDone={discard} /> : null}
          <Tabs label={say('title')} value={tab} onChange={(id) => void go({ search: (old) => ({ ...old, tab: id as (typeof policyTabs)[number] }), replace: true })} tabs={policyTabs.map((id) => ({ id, label: say(id), content: tab === id ? content[id]() : null }))} />
        </>
      )}
    </>
  );
};
