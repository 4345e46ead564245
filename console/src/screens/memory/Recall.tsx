import { AsOf, Badge, Banner, Button, CheckBox, EmptyState, Field, Input, Select, Unknown } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { Search, SearchX } from 'lucide-react';
import { useState } from 'react';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { useNumbers } from '~/app/numbers.ts';
import { relativeTime } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { MemoryDrawer } from './MemoryDrawer.tsx';
import { indexQuery, recallBody, recallQuery, type Hit, type RecallAsk } from './queries.ts';
import { Score } from './Score.tsx';
import { memoryKinds, route } from './screen.ts';
import { useMemoryWords } from './words.ts';

const limits = [5, 10, 25, 50];

const Form = ({ ask, onAsk }: { ask: Partial<RecallAsk>; onAsk: (ask: RecallAsk) => void }) => {
  const say = useMemoryWords();
  const spaces = useQuery(indexQuery).data?.data.map((one) => one.namespace) ?? [];
  const [form, setForm] = useState(ask);
  const set = (change: Partial<RecallAsk>) => setForm((old) => ({ ...old, ...change }));
  const filters = [form.namespace, form.kind, form.universe, form.tags, form.as_of, form.limit, form.superseded].filter((one) => one !== undefined).length;
  return (
    <form role="search" className="flex flex-col gap-3 border-b border-line bg-surface px-5 py-4" onSubmit={(event) => { event.preventDefault(); const q = form.q?.trim(); if (q) onAsk({ ...form, q }); }}>
      <div className="flex items-end gap-2">
        <Field label={say('query')} className="flex-1">{(parts) => <Input {...parts} type="search" value={form.q ?? ''} onChange={(event) => set({ q: event.target.value })} required maxLength={500} />}</Field>
        <Button look="primary" type="submit"><Search aria-hidden className="size-4" />{say('ask')}</Button>
      </div>
      <details open={filters > 0 || undefined}>
        <summary className="w-fit text-sm text-muted">{say('more')}{filters > 0 ? ` (${filters})` : null}</summary>
        <div className="mt-3 grid gap-3 sm:grid-cols-2 lg:grid-cols-4 xl:grid-cols-7">
          <Field label={say('namespace')}>{(parts) => <Select {...parts} value={form.namespace ?? ''} onChange={(event) => set({ namespace: event.target.value || undefined })}><option value="">{say('defaultSpace')}</option>{spaces.map((one) => <option key={one}>{one}</option>)}</Select>}</Field>
          <Field label={say('kind')}>{(parts) => <Select {...parts} value={form.kind ?? ''} onChange={(event) => set({ kind: event.target.value || undefined })}><option value="">{say('anyKind')}</option>{memoryKinds.map((one) => <option key={one}>{one}</option>)}</Select>}</Field>
          <Field label={say('universe')}>{(parts) => <Input {...parts} value={form.universe ?? ''} onChange={(event) => set({ universe: event.target.value || undefined })} placeholder="real" />}</Field>
          <Field label={say('tags')}>{(parts) => <Input {...parts} value={form.tags ?? ''} onChange={(event) => set({ tags: event.target.value || undefined })} />}</Field>
          <Field label={say('asOf')}>{(parts) => <Input {...parts} type="datetime-local" value={form.as_of ?? ''} onChange={(event) => set({ as_of: event.target.value || undefined })} />}</Field>
          <Field label={say('limit')}>{(parts) => <Select {...parts} value={form.limit ?? ''} onChange={(event) => set({ limit: event.target.value ? Number(event.target.value) : undefined })}><option value="">—</option>{limits.map((one) => <option key={one}>{one}</option>)}</Select>}</Field>
          <CheckBox label={say('superseded')} checked={form.superseded ?? false} onChange={(event) => set({ superseded: event.target.checked || undefined })} className="self-end pb-2" />
        </div>
      </details>
    </form>
  );
};

const HitCard = ({ hit, rank, onOpen }: { hit: Hit; rank: number; onOpen: () => void }) => {
  const say = useMemoryWords();
  const lang = useLanguage();
  const number = useNumbers();
  return (
    <li className="flex flex-col gap-2.5 px-5 py-4">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1 text-sm text-muted">
        <span className="w-6 tabular-nums">{say('rank', { n: rank })}</span>
        <span className="text-base font-semibold text-text tabular-nums">{number.decimal(hit.score)}</span>
        <Badge>{hit.kind}</Badge>
        {hit.superseded_by ? <Badge tone="warn">{say('supersededBadge')}</Badge> : null}
        {hit.source ? <span className="min-w-0 truncate font-mono text-xs">{hit.source}{hit.line === null ? null : `:${hit.line}`}</span> : null}
        <span>{say('trust')} {number.decimal(hit.trust)}</span>
        <span>{relativeTime(new Date(hit.event_time), lang)}</span>
        <Button size="sm" look="quiet" className="ms-auto" onClick={onOpen}>{say('open')}</Button>
      </div>
      <p className="line-clamp-4 max-w-[80ch] ps-9 break-words whitespace-pre-wrap">{hit.text}</p>
      <div className="ps-9"><Score hit={hit} /></div>
    </li>
  );
};

/** Asks memory a question and shows each addend of each score. */
export const Recall = () => {
  const say = useMemoryWords();
  const common = useCommon();
  const lang = useLanguage();
  const number = useNumbers();
  const go = route.useNavigate();
  const { q, namespace, kind, universe, tags, as_of, limit, superseded, id } = route.useSearch();
  const ask: RecallAsk | null = q ? { q, namespace, kind, universe, tags, as_of, limit, superseded } : null;
  const found = useQuery({ ...recallQuery(ask ?? { q: '' }), enabled: ask !== null });
  const shown = { q, namespace, kind, universe, tags, as_of, limit, superseded };
  const again = (form: RecallAsk) => (JSON.stringify(form) === JSON.stringify(shown) ? void found.refetch() : void go({ to: '/memories', search: (old) => ({ tab: old.tab, ...form }) }));
  const answer = found.data;
  return (
    <>
      <Form key={JSON.stringify(shown)} ask={shown} onAsk={again} />
      {ask === null ? <EmptyState icon={<Search />} title={say('first')}>{say('firstText')}</EmptyState> : found.error ? <Failure cause={found.error} onRetry={() => void found.refetch()} /> : !answer ? <p role="status" className="p-6 text-muted">{common('loading')}</p> : (
        <section aria-label={say('recall')} className="bg-surface">
          <div className="flex flex-wrap items-center gap-x-5 gap-y-1 border-b border-line bg-sunken px-5 py-2.5 text-sm">
            <span className="font-medium">{say('found', { n: number.whole(answer.results.length) })}</span>
            <span title={say('confidenceText')}><span className="text-muted">{say('confidence')}</span> <span className="tabular-nums">{number.share(answer.confidence)}</span>{answer.abstained ? <Badge tone="warn" className="ms-2">{say('abstained')}</Badge> : null}</span>
            <span><span className="text-muted">{say('embedder')}</span> {answer.embedder ?? <Unknown reason={say('noEmbedder')} />}</span>
            <span className="ms-auto flex items-center gap-1"><AsOf at={new Date(found.dataUpdatedAt)} locale={lang} /><CopyRequest method="POST" path="/v1/recall" body={recallBody(ask)} /></span>
          </div>
          {answer.degraded_reasons?.length ? <Banner tone="warn" title={say('degraded')} className="m-4">{answer.degraded_reasons.join(', ')}</Banner> : null}
          {answer.results.length === 0 ? <EmptyState icon={<SearchX />} title={say('none')}>{say('noneText')}</EmptyState> : (
            <ol className="divide-y divide-line">{answer.results.map((hit, index) => <HitCard key={hit.id} hit={hit} rank={index + 1} onOpen={() => void go({ to: '/memories', search: (old) => ({ ...old, id: hit.id }) })} />)}</ol>
          )}
        </section>
      )}
      <MemoryDrawer id={id} />
    </>
  );
};
