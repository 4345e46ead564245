import { Badge, cn, CopyButton, EmptyState, Tabs } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { Failure } from '~/app/Failure.tsx';
import { useLanguage } from '~/i18n/words.ts';
import { memoryQuery, type Turn } from './queries.ts';
import { chatTabs } from './screen.ts';
import { useChatWords } from './words.ts';

type Recorded = NonNullable<Turn['proof']>;
type Tab = (typeof chatTabs)[number];

const hashShown = 16;

const Facts = ({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) => (
  <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2 text-sm">
    {facts.map(([name, value]) => <div key={name} className="contents"><dt className="text-muted">{name}</dt><dd className="min-w-0 text-end break-words tabular-nums">{value}</dd></div>)}
  </dl>
);

/** A known number in the reader's own spelling; an unknown one as a dash with the reason. */
const Known = ({ value, reason }: { value: string | null; reason: string }) => (value === null ? <span>— <span className="text-muted">({reason})</span></span> : <>{value}</>);

const Trace = ({ turn, proof }: { turn: Turn; proof: Recorded }) => {
  const say = useChatWords();
  const lang = useLanguage();
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
  const stages = Object.entries(proof.timings_ms);
  const longest = Math.max(...stages.map(([, ms]) => ms), Number.MIN_VALUE);
  const whole = turn.ended_at ? Date.parse(turn.ended_at) - Date.parse(turn.created_at) : null;
  return (
    <div className="flex flex-col gap-4 p-4">
      <Facts facts={[[say('model'), proof.model], [say('provider'), proof.provider], [say('attempts'), proof.attempts ?? '—'], [say('total'), whole === null ? '—' : `${number.format(whole)} ${say('ms')}`], [say('journal'), <Link to="/audit" search={{ position: proof.journal_position }} className="underline">{proof.journal_position}</Link>]]} />
      <ul aria-label={say('stage')} className="flex flex-col gap-2">
        {stages.map(([stage, ms]) => (
          <li key={stage} className="text-sm">
            <div className="flex justify-between"><span>{stage}</span><span className="tabular-nums">{number.format(ms)} {say('ms')}</span></div>
            <div aria-hidden className="mt-1 h-1.5 rounded-full bg-sunken"><div className="h-full min-w-px rounded-full bg-accent" style={{ width: `${(ms / longest) * 100}%` }} /></div>
          </li>
        ))}
      </ul>
      <p className="text-xs text-muted">{say('stagesNote')}</p>
      <div className="flex flex-wrap gap-1"><CopyButton value={turn.turn_id} label={say('turnId')} />{proof.call_id ? <CopyButton value={proof.call_id} label={say('call')} /> : null}</div>
    </div>
  );
};

const Thought = ({ proof }: { proof: Recorded }) => {
  const say = useChatWords();
  const steps = [
    [say('step1'), <>{say('version', { n: proof.constitution.version })} · <code className="font-mono text-xs break-all">{proof.constitution.hash.slice(0, hashShown)}…</code></>],
    [say('step2'), <>{proof.policy.decision} · {say('score')} {proof.policy.score} / {say('threshold')} {proof.policy.threshold}</>],
    [say('step3'), proof.memories.length === 0 ? say('noMemory') : say('usedMemories', { n: proof.memories.length })],
    [say('step4'), say('answeredBy', { model: proof.model, provider: proof.provider })],
    [say('step5'), <>{say('written', { n: proof.journal_position })} <Link to="/audit" search={{ position: proof.journal_position }} className="underline">{say('openAudit')}</Link></>],
  ] as const;
  return (
    <div className="p-4">
      <ol className="flex flex-col">
        {steps.map(([name, what], index) => (
          <li key={name} className="flex gap-3">
            <div aria-hidden className="flex flex-col items-center"><span className="mt-1.5 size-2.5 rounded-full bg-accent" /><span className={cn('w-px flex-1 bg-line', index === steps.length - 1 && 'invisible')} /></div>
            <div className="pb-5"><p className="font-medium">{name}</p><p className="text-sm text-muted">{what}</p></div>
          </li>
        ))}
      </ol>
      <p className="text-xs text-muted">{say('thoughtNote')}</p>
    </div>
  );
};

const MemoryText = ({ id }: { id: string }) => {
  const memory = useQuery(memoryQuery(id));
  if (memory.error) return <Failure cause={memory.error} compact />;
  return <p className="mt-2 border-s-2 border-line ps-3 text-sm break-words whitespace-pre-wrap">{memory.data?.text ?? '…'}</p>;
};

const Memories = ({ turn, proof }: { turn: Turn; proof: Recorded }) => {
  const say = useChatWords();
  const lang = useLanguage();
  const [open, setOpen] = useState<string | null>(null);
  const number = new Intl.NumberFormat(lang, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  if (proof.memories.length === 0) return <EmptyState title={say('noMemory')} />;
  return (
    <ol className="flex flex-col divide-y divide-line">
      {proof.memories.map((memory) => {
        const cited = turn.citations.filter((citation) => citation.memory_id === memory.id);
        return (
          <li key={memory.id} className="px-4 py-3">
            <button type="button" aria-expanded={open === memory.id} onClick={() => setOpen(open === memory.id ? null : memory.id)} className="flex w-full items-center gap-2 rounded text-start">
              <span className="min-w-0 flex-1 truncate text-sm">{memory.source ? `${memory.source}${memory.line ? `:${memory.line}` : ''}` : say('noSource')}</span>
              {cited.map((citation) => <Badge key={citation.marker} tone="accent">{citation.marker}</Badge>)}
              {memory.moderated ? <Badge tone="warn">{memory.moderated}</Badge> : null}
              <span className="text-sm text-muted tabular-nums">{number.format(memory.score)}</span>
            </button>
            {open === memory.id ? <MemoryText id={memory.id} /> : null}
          </li>
        );
      })}
    </ol>
  );
};

const Policy = ({ proof: { policy } }: { proof: Recorded }) => {
  const say = useChatWords();
  const number = new Intl.NumberFormat(useLanguage(), { maximumFractionDigits: 6 });
  return (
    <div className="flex flex-col gap-4 p-4">
      <p className="flex flex-wrap items-center gap-2"><Badge tone={policy.decision === 'allow' || policy.decision === 'approved' ? 'ok' : 'warn'}>{policy.decision}</Badge><span className="text-sm tabular-nums">{say('score')} {number.format(policy.score)} · {say('threshold')} {number.format(policy.threshold)}</span></p>
      <table className="w-full text-sm tabular-nums">
        <thead><tr className="text-muted"><th scope="col" className="py-1 text-start font-medium">{say('term')}</th><th scope="col" className="text-end font-medium">{say('weight')}</th><th scope="col" className="text-end font-medium">{say('value')}</th><th scope="col" className="text-end font-medium">{say('contribution')}</th></tr></thead>
        <tbody>{policy.terms.map((term) => <tr key={term.name} className="border-t border-line"><th scope="row" className="py-1.5 text-start font-normal">{term.name}</th><td className="ps-3 text-end">{number.format(term.weight)}</td><td className="ps-3 text-end">{number.format(term.value)}</td><td className="ps-3 text-end font-medium">{number.format(term.contribution)}</td></tr>)}</tbody>
      </table>
      <div><h3 className="text-sm font-medium">{say('reasons')}</h3>
        {policy.reasons.length === 0 ? <p className="text-sm text-muted">{say('noReasons')}</p> : <ul className="mt-1 flex flex-col gap-1 text-sm">{policy.reasons.map((reason) => <li key={reason.code}><code className="rounded bg-sunken px-1 font-mono text-xs">{reason.code}</code> {reason.message}</li>)}</ul>}</div>
      <Facts facts={[[say('policyVersion'), policy.policy_version], ...(policy.approval ? ([[say('approval'), <Link to="/inbox" search={{ id: policy.approval, state: 'all' }} className="underline">{policy.approval.slice(0, 8)}</Link>]] as const) : [])]} />
      <CopyButton value={policy.digest} label="digest" className="self-start" />
    </div>
  );
};

const Cost = ({ proof: { usage } }: { proof: Recorded }) => {
  const say = useChatWords();
  const lang = useLanguage();
  const count = (value: number | null) => (value === null ? null : value.toLocaleString(lang));
  const cost = usage.cost ? `${usage.cost.amount.toLocaleString(lang, { maximumFractionDigits: 9 })} ${usage.cost.currency}` : null;
  return (
    <div className="flex flex-col gap-4 p-4">
      <Facts facts={[[say('tokensIn'), <Known value={count(usage.input_tokens)} reason={say('tokensUnknown')} />], [say('tokensOut'), <Known value={count(usage.output_tokens)} reason={say('tokensUnknown')} />], [say('cost'), <Known value={cost} reason={say('costUnknown')} />]]} />
      <p className="text-xs text-muted">{say('booked')}</p>
    </div>
  );
};

/** What one answer rests on, as it was recorded. */
export const Proof = ({ turn, tab, onTab }: { turn: Turn | undefined; tab: Tab; onTab: (tab: Tab) => void }) => {
  const say = useChatWords();
  const nothing = <EmptyState title={say('noProof')}>{say('noProofText')}</EmptyState>;
  const proof = turn?.proof;
  const contents: Record<Tab, ReactNode> = !turn || !proof
    ? { trace: nothing, thought: nothing, memory: nothing, policy: nothing, cost: nothing }
    : { trace: <Trace turn={turn} proof={proof} />, thought: <Thought proof={proof} />, memory: <Memories turn={turn} proof={proof} />, policy: <Policy proof={proof} />, cost: <Cost proof={proof} /> };
  return <Tabs label={say('proof')} value={tab} onChange={(id) => onTab(id as Tab)} tabs={chatTabs.map((id) => ({ id, label: say(`tab_${id}`), content: contents[id] }))} className="flex-1" />;
};
