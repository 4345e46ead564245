import { Button, Card, CardBody, EmptyState, Input, JsonView } from '@somastack/uix';
import { Landmark } from 'lucide-react';
import { useCommon } from '~/i18n/common.ts';
import type { Document } from './overlay.ts';
import { route } from './screen.ts';
import { useConstitutionWords } from './words.ts';

/** What the document says, with what the tenant's overlay adds. */
export const Text = ({ constitution }: { constitution: { document: Document } }) => {
  const say = useConstitutionWords();
  const common = useCommon();
  const go = route.useNavigate();
  const { q = '' } = route.useSearch();
  const { title, preamble, principles = [], enforcement, ...rest } = constitution.document;
  const words = q.trim().toLowerCase();
  const shown = principles.filter((one) => !words || `${one.id} ${one.title} ${one.body}`.toLowerCase().includes(words));
  const set = (next: string) => void go({ search: (old) => ({ ...old, q: next || undefined }), replace: true });
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <header><h2 className="text-lg font-semibold break-words">{title ?? say('noTitle')}</h2>{preamble ? <p className="mt-1 text-lg break-words text-muted">{preamble}</p> : null}</header>
      <Card title={say('principles')} actions={<Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set(event.target.value)} className="h-8 w-56 border-line text-sm" />}>
        {shown.length === 0 ? (principles.length === 0 ? <EmptyState icon={<Landmark />} title={say('noPrinciples')}>{say('noPrinciplesText')}</EmptyState> : <EmptyState icon={<Landmark />} title={say('noMatch')} action={<Button size="sm" onClick={() => set('')}>{common('clear')}</Button>} />) : (
          <ol className="divide-y divide-line">
            {shown.map((one) => <li key={one.id} className="px-4 py-3"><h3 className="flex flex-wrap items-baseline gap-x-2 font-semibold">{one.title}<code className="font-mono text-xs font-normal text-muted">{one.id}</code></h3><p className="mt-0.5 break-words">{one.body}</p></li>)}
          </ol>
        )}
      </Card>
      <Card title={say('enforcement')} hint={say('enforcementHint')}><CardBody>{enforcement ? <JsonView value={enforcement} label={say('enforcement')} className="max-h-96" /> : <EmptyState title={say('noEnforcement')} className="py-4" />}</CardBody></Card>
      {Object.keys(rest).length > 0 ? <Card title={say('rest')}><CardBody><JsonView value={rest} label={say('rest')} className="max-h-96" /></CardBody></Card> : null}
    </div>
  );
};
