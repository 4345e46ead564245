import { Badge, ToolCard, type ToolState } from '@somastack/uix';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '~/api/client.ts';
import { isOpenTurn, type Turn } from './queries.ts';
import { useChatWords } from './words.ts';

export type ToolCall = Schemas['ToolCallView'];

const states: Readonly<Record<string, ToolState>> = { queued: 'queued', running: 'running', awaiting_approval: 'approval-requested', succeeded: 'done', failed: 'failed', denied: 'denied' };

/** Of an ended turn nothing goes on: what had no end then, has none. */
export const stateOf = (call: Pick<ToolCall, 'status'>, turn: Pick<Turn, 'status'>): ToolState => {
  const state = states[call.status] ?? 'unknown';
  return !isOpenTurn(turn) && (state === 'queued' || state === 'running' || state === 'approval-requested') ? 'cancelled' : state;
};

/** JSON as a value; what is cut or no JSON stays text. */
const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** One use of a tool in an answer: what went in, what came back, and where it is recorded. */
export const ToolUse = ({ call, turn }: { call: ToolCall; turn: Turn }) => {
  const say = useChatWords();
  const [adapter, action] = call.name.split('.', 2);
  const record = call.record?.replace(/^tool_call\//, '');
  return (
    <ToolCard name={call.name} state={stateOf(call, turn)} elapsed={call.took_ms == null ? undefined : `${Math.round(call.took_ms).toLocaleString()} ms`} args={valueOf(call.arguments)} result={call.result === null ? undefined : valueOf(call.result)}
      facts={
        <div className="flex flex-wrap items-center gap-2">
          {call.code ? <code className="font-mono text-xs">{call.code}</code> : null}
          {call.taints.map((taint) => <Badge key={taint} tone="warn">{taint}</Badge>)}
          {record ? <Link to="/tools/{-$adapter}" params={{ adapter }} search={{ part: 'calls', action, call: record }} className="text-accent underline-offset-2 hover:underline">{say('toolRecord')}</Link> : null}
        </div>
      } />
  );
};
