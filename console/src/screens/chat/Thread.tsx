import { AgentMessage, Badge, Button, Conversation, CopyButton, UserMessage } from '@somastack/uix';
import { ArrowDown, ChevronLeft, ChevronRight, Pencil, RefreshCw, Waypoints } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Answer } from './Answer.tsx';
import type { OnBranch } from './branches.ts';
import { isOpenTurn, type Turn } from './queries.ts';
import { useChatWords } from './words.ts';

const nearPx = 48;
const extractive = 'soma-extract';

type Acts = { onAgain: (turn: Turn) => void; onEdit: (turn: Turn) => void; onWhy: (turn: string) => void; onBranch: (turn: string) => void; busy: boolean };

/** One question and its answer, and the way to those that stand beside it. */
const Exchange = ({ turn, siblings, persona, acts, chosen }: OnBranch<Turn> & { persona: string; acts: Acts; chosen: string | undefined }) => {
  const say = useChatWords();
  const at = siblings.indexOf(turn);
  const to = (index: number) => acts.onBranch(siblings[index]!.turn_id);
  const done = !isOpenTurn(turn);
  return (
    <div className="flex flex-col gap-2" data-turn={turn.turn_id}>
      <UserMessage footer={<div className="flex gap-1 opacity-0 transition-opacity group-hover/message:opacity-100 focus-within:opacity-100"><CopyButton value={turn.prompt} label={say('copy')} /><Button look="quiet" size="sm" disabled={acts.busy} onClick={() => acts.onEdit(turn)}><Pencil aria-hidden className="size-3.5" />{say('edit')}</Button></div>}>{turn.prompt}</UserMessage>
      <AgentMessage name={persona} badge={turn.proof?.model === extractive ? <Badge>{say('extractive')}</Badge> : turn.proof ? <Badge>{turn.proof.model}</Badge> : null}
        footer={
          <div className="-ms-2 flex flex-wrap items-center gap-1">
            {siblings.length > 1 ? (
              <span className="flex items-center text-sm text-muted">
                <Button look="quiet" size="icon" aria-label={say('earlier')} disabled={at === 0} onClick={() => to(at - 1)}><ChevronLeft aria-hidden className="size-4 rtl:rotate-180" /></Button>
                <span aria-label={say('of', { n: at + 1, total: siblings.length })} className="tabular-nums">{at + 1}/{siblings.length}</span>
                <Button look="quiet" size="icon" aria-label={say('later')} disabled={at === siblings.length - 1} onClick={() => to(at + 1)}><ChevronRight aria-hidden className="size-4 rtl:rotate-180" /></Button>
              </span>
            ) : null}
            {done && turn.answer ? <CopyButton value={turn.answer} label={say('copy')} /> : null}
            {done ? <Button look="quiet" size="sm" disabled={acts.busy} onClick={() => acts.onAgain(turn)}><RefreshCw aria-hidden className="size-3.5" />{say('regenerate')}</Button> : null}
            {turn.proof ? <Button look="quiet" size="sm" onClick={() => acts.onWhy(turn.turn_id)} aria-pressed={chosen === turn.turn_id}><Waypoints aria-hidden className="size-3.5" />{say('why')}</Button> : null}
          </div>
        }>
        <Answer turn={turn} />
      </AgentMessage>
    </div>
  );
};

/** The conversation, following its end until somebody scrolls up. */
export const Thread = ({ branch, sending, persona, acts, chosen, children }: { branch: readonly OnBranch<Turn>[]; sending: string | null; persona: string; acts: Acts; chosen: string | undefined; children?: ReactNode }) => {
  const say = useChatWords();
  const view = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const following = useRef(true);
  const toEnd = () => view.current?.scrollTo({ top: view.current.scrollHeight });
  const length = branch.reduce((sum, { turn }) => sum + turn.answer.length + turn.status.length + (turn.tool_calls?.length ?? 0), branch.length) + (sending?.length ?? 0);
  useEffect(() => {
    if (following.current) toEnd();
  }, [length]);
  const onScroll = () => {
    const box = view.current!;
    following.current = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx;
    setAway(!following.current);
  };
  return (
    <div className="relative min-h-0 flex-1">
      {/* Scrolls by keyboard as well. */}
      <div ref={view} onScroll={onScroll} tabIndex={0} role="region" aria-label={say('title')} className="h-full overflow-y-auto focus-visible:-outline-offset-2">
        <Conversation label={say('log')}>
          {branch.map((one) => <Exchange key={one.turn.turn_id} {...one} persona={persona} acts={acts} chosen={chosen} />)}
          {sending === null ? null : <UserMessage>{sending}</UserMessage>}
          {children}
        </Conversation>
      </div>
      {away ? <Button size="sm" className="absolute inset-x-0 bottom-3 mx-auto w-fit rounded-full shadow-high" onClick={() => { following.current = true; toEnd(); }}><ArrowDown aria-hidden className="size-3.5" />{say('toBottom')}</Button> : null}
    </div>
  );
};
