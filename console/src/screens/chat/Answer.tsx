import { ApprovalCard, Badge, Banner, Button, CitationChip, Typing } from '@somastack/uix';
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { api } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { meQuery } from '~/app/queries.ts';
import { useLanguage } from '~/i18n/words.ts';
import { approvalOf } from '../inbox/approval.ts';
import { useInboxWords } from '../inbox/words.ts';
import { Markdown } from './markdown.tsx';
import { approvalQuery, sessionQuery, type Turn } from './queries.ts';
import { ToolUse } from './ToolUse.tsx';
import { useChatWords } from './words.ts';

/** A question for a second person, of the turn or of one use of a tool, as whoever asked sees it. */
const OwnApproval = ({ id, turn }: { id: string; turn: Turn }) => {
  const say = useChatWords();
  const inbox = useInboxWords();
  const lang = useLanguage();
  const client = useQueryClient();
  const me = useSuspenseQuery(meQuery).data;
  const approval = useQuery(approvalQuery(id));
  const cancel = useMutation({
    mutationFn: () => api.POST('/v1/approvals/{id}/cancel', { params: { path: { id } } }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionQuery(turn.session_id).queryKey }),
  });
  if (!approval.data) return <Typing label={say('waiting')} />;
  return <ApprovalCard approval={approvalOf(approval.data, me.principal, inbox, lang)} extra={<><Button size="sm" className="self-start" busy={cancel.isPending} onClick={() => cancel.mutate()}>{say('takeBack')}</Button><FailureLine cause={cancel.error} /></>} />;
};

/** What a persona said in one turn, or what it waits for, or why it said nothing. */
export const Answer = ({ turn }: { turn: Turn }) => {
  const say = useChatWords();
  const cite = useCallback(
    (n: number) => {
      const citation = turn.citations.find((one) => one.marker === n);
      return citation ? <CitationChip n={n} quote={citation.quote} source={citation.source ? `${citation.source}${citation.line ? `:${citation.line}` : ''}` : say('noSource')} /> : null;
    },
    [turn.citations, say],
  );
  const isOpen = turn.status === 'open';
  const calls = turn.tool_calls ?? [];
  const waiting = calls.filter((call) => call.status === 'awaiting_approval' && call.approval).map((call) => call.approval!.id);
  // Uses of a tool with the same arguments share one question.
  const asked = new Set(waiting.length > 0 ? waiting : turn.approval ? [turn.approval.id] : []);
  return (
    <>
      {calls.length > 0 ? <div className="flex flex-col gap-1.5">{calls.map((call) => <ToolUse key={`${call.round}/${call.number}`} call={call} turn={turn} />)}</div> : null}
      {turn.answer ? <Markdown text={turn.answer} cite={cite} /> : null}
      {isOpen ? <Typing label={say('thinking')} /> : null}
      {turn.status === 'awaiting_approval' ? [...asked].map((id) => <OwnApproval key={id} id={id} turn={turn} />) : null}
      {turn.status === 'cancelled' ? <p className="text-sm text-muted">■ {say('stopped')}</p> : null}
      {turn.failure ? <Banner tone={turn.status === 'denied' ? 'warn' : 'bad'} title={turn.status === 'denied' ? say('denied') : say('failed')}>{turn.failure.detail} <code className="font-mono text-xs">{turn.failure.code}</code></Banner> : null}
      {turn.degraded_reasons.length > 0 ? <p className="flex flex-wrap gap-1.5 text-sm text-muted">{say('degraded')} {turn.degraded_reasons.map((reason) => <Badge key={reason} tone="warn">{reason}</Badge>)}</p> : null}
    </>
  );
};
