import { AsOf, Badge, Tabs } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { Load } from './Load.tsx';
import { OverlayEditor } from './OverlayEditor.tsx';
import { Proof } from './Proof.tsx';
import { constitutionQuery } from './queries.ts';
import { constitutionTabs, route } from './screen.ts';
import { Text } from './Text.tsx';
import { Versions } from './Versions.tsx';
import { useConstitutionWords } from './words.ts';

/** The signed document that every action is checked against: what it says, who signed it, how it changes. */
export const Constitution = () => {
  const say = useConstitutionWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const { tab = 'text' } = route.useSearch();
  const me = useSuspenseQuery(meQuery).data;
  const current = useQuery(constitutionQuery);
  const mayLoad = me.capabilities.includes('constitution:load');
  const tabs = constitutionTabs.filter((one) => mayLoad || one !== 'load');
  const content = {
    text: () => <Text constitution={current.data!} />,
    proof: () => <Proof constitution={current.data!} tenant={me.tenant} />,
    versions: () => <Versions inherited={current.data!.inherited} me={me} />,
    load: () => <Load inherited={current.data!.inherited} me={me} />,
    overlay: () => <OverlayEditor mayWrite={mayLoad} />,
  };
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} live={<AsOf at={current.dataUpdatedAt ? new Date(current.dataUpdatedAt) : null} locale={lang} />} actions={<CopyRequest method="GET" path="/v1/constitution" cli="soma constitution show" />}>
        {current.data ? <><Badge tone="accent">{say('version', { n: current.data.version })}</Badge><Badge>{current.data.inherited ? say('installation') : say('tenant')}</Badge>{current.data.overlay_version > 0 ? <Badge tone="info">{say('withOverlay', { n: current.data.overlay_version })}</Badge> : null}</> : null}
      </PageHead>
      {current.error ? <Failure cause={current.error} onRetry={() => void current.refetch()} /> : !current.data ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <Tabs label={say('title')} value={tab} onChange={(id) => void go({ search: (old) => ({ ...old, tab: id as (typeof constitutionTabs)[number] }), replace: true })} tabs={tabs.map((id) => ({ id, label: say(`${id}Tab`), content: tab === id ? content[id]() : null }))} />
      )}
    </>
  );
};
