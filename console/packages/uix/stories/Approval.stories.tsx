import type { Meta, StoryObj } from '@storybook/react-vite';
import { ApprovalCard, type Approval } from '../src/index.ts';

const meta: Meta<typeof ApprovalCard> = { title: 'Approval card', component: ApprovalCard };
export default meta;

const open: Approval = {
  id: '1', title: 'Answer a message of 42 characters with soma-extract', kind: 'session.message', requester: 'ada', resource: 'session/0199', reasons: [{ code: 'ask_first', message: 'Somebody else looks at this first.' }], args: { prompt: 'Delete <b>everything</b>' }, needs: ['approval:decide'], stepUp: false, digest: 'c0ffee'.repeat(10), expires: 'expires in 54 minutes', isOpen: true, isOwn: false, policyKey: 'given', personKey: 'waiting',
};

export const ToDecide: StoryObj = { render: () => <ApprovalCard approval={open} onDecide={() => undefined} className="max-w-lg" /> };
export const Own: StoryObj = { render: () => <ApprovalCard approval={{ ...open, isOwn: true }} onDecide={() => undefined} className="max-w-lg" /> };
export const Refused: StoryObj = { render: () => <ApprovalCard approval={{ ...open, isOpen: false, personKey: 'refused', decider: 'bob', comment: 'Not today.', expires: 'ended 2 minutes ago', stepUp: true }} className="max-w-lg" /> };
