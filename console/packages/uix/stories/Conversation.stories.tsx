import type { Meta, StoryObj } from '@storybook/react-vite';
import { AgentMessage, Badge, CitationChip, Conversation, ToolCard, Typing, UserMessage, type ToolState } from '../src/index.ts';

const meta: Meta = { title: 'Conversation' };
export default meta;

export const Timeline: StoryObj = {
  render: () => (
    <Conversation label="Conversation">
      <UserMessage>{'Who may release the kill switch?\n<img src=x onerror=alert(1)>'}</UserMessage>
      <AgentMessage name="guide" badge={<Badge>quotes memory</Badge>}><p>Two people release it.<CitationChip n={1} quote="One key stops, two release." source="docs/policy.md:144" /></p></AgentMessage>
      <UserMessage>And who stops it?</UserMessage>
      <AgentMessage name="guide"><Typing label="Answering…" /></AgentMessage>
    </Conversation>
  ),
};

const states: readonly ToolState[] = ['queued', 'pending', 'running', 'approval-requested', 'approval-answered', 'done', 'failed', 'denied', 'cancelled', 'unknown'];
export const Tools: StoryObj = { render: () => <div className="flex max-w-xl flex-col gap-2">{states.map((state) => <ToolCard key={state} name="calendar.create_event" state={state} elapsed="1.2 s" args={{ title: 'Review' }} result={{ id: 'e1' }} />)}</div> };

export const Citation: StoryObj = { render: () => <p>One key stops, two release.<CitationChip n={1} quote="One key stops, two release." source="docs/policy.md:144" /></p> };
