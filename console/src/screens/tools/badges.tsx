import { Badge, type Tone } from '@somastack/uix';
import { adapterStatuses } from './screen.ts';
import { useToolWords } from './words.ts';

const statusTones: Record<string, Tone> = { enabled: 'ok', disabled: 'neutral', proposed: 'warn', untrusted: 'bad', unavailable: 'bad' };
const riskTones: Record<string, Tone> = { low: 'neutral', medium: 'warn', high: 'bad' };
const callTones: Record<string, Tone> = { completed: 'ok', failed: 'bad', unknown: 'bad', awaiting_approval: 'warn', running: 'info' };
const versionTones: Record<string, Tone> = { candidate: 'warn', active: 'ok', replaced: 'neutral', revoked: 'bad' };

export const AdapterStatus = ({ status, reason }: { status: string; reason?: string | null }) => {
  const say = useToolWords();
  const known = adapterStatuses.find((one) => one === status);
  return <Badge tone={statusTones[status] ?? 'neutral'} title={reason ?? undefined}>{known ? say(known) : status}</Badge>;
};

export const Risk = ({ risk }: { risk: string }) => {
  const say = useToolWords();
  return <Badge tone={riskTones[risk] ?? 'neutral'}>{risk in riskTones ? say(risk as 'low') : risk}</Badge>;
};

export const CallStatus = ({ status }: { status: string }) => {
  const say = useToolWords();
  return <Badge tone={callTones[status] ?? 'neutral'} data-call={status}>{status in callTones ? say(status as 'completed') : status}</Badge>;
};

export const VersionState = ({ state }: { state: string }) => {
  const say = useToolWords();
  return <Badge tone={versionTones[state] ?? 'neutral'}>{state in versionTones ? say(state as 'active') : state}</Badge>;
};

const order = ['low', 'medium', 'high'];

/** The highest of what its actions may risk; null where it has none. */
export const highestRisk = (risks: readonly string[]) => risks.reduce<string | null>((most, one) => (most === null || order.indexOf(one) > order.indexOf(most) ? one : most), null);
