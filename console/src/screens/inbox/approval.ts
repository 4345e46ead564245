import type { Approval, KeyState } from '@somastack/uix';
import type { Schemas } from '~/api/client.ts';
import { relativeTime } from '~/app/time.ts';
import type { useInboxWords } from './words.ts';

export type ApprovalLine = Schemas['ApprovalLine'];

const personKey: Record<ApprovalLine['state'] & string, KeyState> = { pending: 'waiting', approved: 'given', claimed: 'given', rejected: 'refused', expired: 'refused', voided: 'refused' };

export const personKeyOf = (line: ApprovalLine): KeyState => (line.decider && line.state === 'voided' ? 'given' : personKey[line.state as keyof typeof personKey]);

/** An approval as the card shows it. The policy's own key is given: without its word nobody would have been asked. */
export const approvalOf = (view: Schemas['ApprovalView'], me: string, say: ReturnType<typeof useInboxWords>, lang: string): Approval => {
  const line = view.approval;
  const isOpen = line.state === 'pending';
  return {
    id: line.id, title: line.summary, kind: line.kind, requester: line.requester, resource: line.resource, reasons: view.reasons, args: view.arguments, needs: line.needs.capabilities, stepUp: line.needs.step_up, digest: line.digest,
    expires: isOpen ? say('expiresIn', { when: relativeTime(new Date(line.expires_at), lang) }) : say('expiredAt', { when: relativeTime(new Date(line.ended_at ?? line.decided_at ?? line.expires_at), lang) }),
    isOpen, isOwn: line.requester === me, policyKey: 'given', personKey: personKeyOf(line), decider: line.decider, comment: line.comment,
  };
};
