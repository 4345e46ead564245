import { Badge, Banner, Button, Drawer, JsonView, Table, Unknown } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { ProblemError } from '~/api/problem.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Facts } from '~/app/Facts.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { meQuery } from '~/app/queries.ts';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { EraseDialog } from './EraseDialog.tsx';
import { Hold } from './Hold.tsx';
import { erasureQuery, factsQuery, historyQuery, itemQuery, linksQuery, type MemoryLine } from './queries.ts';
import { route } from './screen.ts';
import { useMemoryWords } from './words.ts';

const titleMax = 60;
const idShown = 8;

const Part = ({ title, children }: { title: string; children: ReactNode }) => <section><h3 className="mb-2 text-base font-semibold">{title}</h3>{children}</section>;

const To = ({ id }: { id: string }) => <Link from={route.fullPath} to="/memories" search={(old) => ({ ...old, id })} className="font-mono text-xs underline">{id.slice(0, idShown)}…</Link>;

const History = ({ id }: { id: string }) => {
  const say = useMemoryWords();
  const lang = useLanguage();
  const history = useQuery(historyQuery(id));
  if (history.error) return <Failure cause={history.error} compact />;
  return (
    <ol className="flex flex-col gap-2">
      {history.data?.data.map((line) => (
        <li key={line.version} className="rounded-md border border-line p-3 text-sm">
          <div className="flex flex-wrap items-center gap-x-2 text-muted"><Badge>{line.change}</Badge><span>{say('version')} {line.version}</span><span>{line.author}</span><time dateTime={line.recorded_at} className="ms-auto">{instant(lang).format(new Date(line.recorded_at))}</time></div>
          <p className="mt-1.5 line-clamp-3 break-words whitespace-pre-wrap">{line.text}</p>
        </li>
      ))}
    </ol>
  );
};

const Links = ({ id }: { id: string }) => {
  const say = useMemoryWords();
  const number = useNumbers();
  const links = useQuery(linksQuery(id));
  if (links.error) return <Failure cause={links.error} compact />;
  if (!links.data) return null;
  return (
    <>
      <Table label={say('links')} rows={links.data.data} rowId={(one) => one.id} empty={<p className="text-sm text-muted">{say('noLinks')}</p>} className="rounded-md border border-line"
        columns={[
          { id: 'type', header: say('linkType'), cell: (one) => one.via.map((link) => `${link.from === id ? '→' : '←'} ${link.type}`).join(', ') },
          { id: 'text', header: say('text'), cell: (one) => <Link from={route.fullPath} to="/memories" search={(old) => ({ ...old, id: one.id })} className="line-clamp-2 underline">{one.text ?? one.id}</Link>, wrap: true },
          { id: 'weight', header: say('weight'), cell: (one) => number.decimal(one.weight), end: true },
        ]} />
      {links.data.truncated ? <p className="mt-1 text-sm text-muted">{say('cut')}</p> : null}
    </>
  );
};

const Read = ({ id }: { id: string }) => {
  const say = useMemoryWords();
  const lang = useLanguage();
  const number = useNumbers();
  const facts = useQuery(factsQuery(id));
  if (facts.error) return <Failure cause={facts.error} compact />;
  if (!facts.data) return null;
  return (
    <Table label={say('facts')} rows={facts.data.data} rowId={(fact) => fact.id} empty={<p className="text-sm text-muted">{say('noFacts', { status: facts.data.extraction_status })}{facts.data.extraction_error ? ` ${facts.data.extraction_error}` : null}</p>} className="rounded-md border border-line"
      columns={[
        { id: 'subject', header: say('subject'), cell: (fact) => fact.subject },
        { id: 'says', header: say('predicate'), cell: (fact) => fact.predicate },
        { id: 'object', header: say('object'), cell: (fact) => fact.object, wrap: true },
        { id: 'since', header: say('since'), cell: (fact) => new Intl.DateTimeFormat(lang, { dateStyle: 'medium' }).format(new Date(fact.valid_from)) },
        { id: 'sure', header: say('sure'), cell: (fact) => number.decimal(fact.confidence), end: true },
        { id: 'by', header: say('by'), cell: (fact) => fact.extractor },
      ]} />
  );
};

/** What is left of an erased memory, counted by the server in every place where something could be. */
const Proof = ({ id }: { id: string }) => {
  const say = useMemoryWords();
  const lang = useLanguage();
  const number = useNumbers();
  const proof = useQuery(erasureQuery(id));
  if (proof.error) return <p className="text-sm text-muted">{say('gone')}</p>;
  if (!proof.data) return null;
  return (
    <Part title={say('proofOf')}>
      <Banner tone={proof.data.clear ? 'ok' : 'bad'} title={proof.data.clear ? say('erased') : say('notClear')} className="mb-3">{proof.data.erased_at ? instant(lang).format(new Date(proof.data.erased_at)) : null}</Banner>
      <p className="mb-1.5 text-sm text-muted">{say('proof')}</p>
      <Facts facts={Object.entries(proof.data.checks).map(([place, count]) => [place, `${number.whole(count)} ${say('left')}`] as const)} />
      <div className="mt-3"><CopyRequest method="GET" path={`/v1/memory/${id}/erasure`} /></div>
    </Part>
  );
};

const Detail = ({ line }: { line: MemoryLine }) => {
  const say = useMemoryWords();
  const lang = useLanguage();
  const number = useNumbers();
  const me = useSuspenseQuery(meQuery).data;
  const [erasing, setErasing] = useState(false);
  const when = (text: string) => instant(lang).format(new Date(text));
  const may = me.capabilities.includes('memory:write');
  return (
    <div className="flex flex-col gap-6">
      <p tabIndex={0} role="region" aria-label={say('data')} title={say('dataText')} className="max-h-72 overflow-auto rounded-md border border-line bg-sunken p-3 break-words whitespace-pre-wrap">{line.text}</p>
      <Part title={say('details')}>
        <Facts facts={[
          [say('namespace'), <span className="font-mono text-xs">{line.namespace}</span>], [say('universe'), line.universe], [say('kind'), <>{line.kind} {line.held ? <Badge tone="info">{say('heldBadge')}</Badge> : null}</>],
          line.source ? [say('source'), <span className="font-mono text-xs break-all">{line.source}{line.line === null ? '' : `:${line.line}`}</span>] : null, line.key ? [say('key'), <span className="font-mono text-xs">{line.key}</span>] : null,
          line.conversation ? [say('conversation'), <span className="font-mono text-xs">{line.conversation}</span>] : null, line.tags?.length ? [say('tags'), <span className="flex flex-wrap gap-1">{line.tags.map((tag) => <Badge key={tag}>{tag}</Badge>)}</span>] : null,
          [say('author'), line.author], [say('happened'), when(line.event_time)], [say('recorded'), when(line.recorded_at)],
          [say('holds'), line.valid_from ? (line.valid_to ? say('holdsTo', { from: when(line.valid_from), to: when(line.valid_to) }) : say('holdsFrom', { from: when(line.valid_from) })) : say('always')],
          line.superseded_by ? [say('supersededBy'), <To id={line.superseded_by} />] : null, line.duplicate_of ? [say('duplicateOf'), <To id={line.duplicate_of} />] : null,
          [say('expires'), line.expires_at ? when(line.expires_at) : say('never')], [say('trust'), number.decimal(line.trust)], [say('importance'), number.decimal(line.importance)], [say('model'), line.embedding_model ?? <Unknown reason={say('noVector')} />], [say('hash'), <code className="font-mono text-xs break-all">{line.content_hash}</code>],
        ]} />
      </Part>
      {line.metadata === null || line.metadata === undefined ? null : <Part title={say('metadata')}><JsonView label={say('metadata')} value={line.metadata} className="max-h-48" /></Part>}
      <Part title={say('facts')}><Read id={line.id} /></Part>
      <Part title={say('links')}><Links id={line.id} /></Part>
      <Part title={say('history')}><History id={line.id} /></Part>
      <div className="flex flex-col gap-3 border-t border-line pt-4">
        {line.held ? <p className="text-sm text-muted">{say('heldText')}</p> : null}
        <div className="flex flex-wrap items-center gap-2">
          {may ? <Button look="danger" size="sm" disabled={line.held} onClick={() => setErasing(true)}>{say('erase')}…</Button> : <p className="text-sm text-muted">{say('cannotWrite')} <code className="font-mono">memory:write</code></p>}
          <CopyRequest method="GET" path={`/v1/memory/${line.id}`} />
        </div>
        {me.capabilities.includes('tenant:admin') ? <Hold id={line.id} held={line.held ?? false} /> : null}
      </div>
      {erasing ? <EraseDialog id={line.id} onClose={() => setErasing(false)} /> : null}
    </div>
  );
};

/** One memory with everything around it; of an erased one, the proof. */
export const MemoryDrawer = ({ id }: { id: string | undefined }) => {
  const common = useCommon();
  const say = useMemoryWords();
  const go = route.useNavigate();
  const item = useQuery({ ...itemQuery(id ?? ''), enabled: id !== undefined });
  const gone = item.error instanceof ProblemError && item.error.status === 404;
  const title = item.data && !gone ? (item.data.key ?? item.data.text.slice(0, titleMax)) : gone ? say('proofOf') : common('loading');
  return (
    <Drawer open={id !== undefined} onOpenChange={(open) => { if (!open) void go({ to: '/memories', search: (old) => ({ ...old, id: undefined }), replace: true }); }} title={title} hint={id} className="max-w-2xl">
      {id === undefined ? null : gone ? <Proof id={id} /> : item.error ? <Failure cause={item.error} onRetry={() => void item.refetch()} /> : item.data ? <Detail key={id} line={item.data} /> : null}
    </Drawer>
  );
};
