import type { Meta, StoryObj } from '@storybook/react-vite';
import { useState } from 'react';
import { RunGraph, StepState, StepTimeline, type GraphStep, type TimedStep } from '../src/index.ts';

const meta: Meta = { title: 'Runs' };
export default meta;

const states = ['pending', 'running', 'waiting', 'retrying', 'completed', 'skipped', 'failed', 'cancelled', 'compensated', 'of_a_newer_server'];
export const States: StoryObj = { render: () => <p className="flex flex-wrap gap-2">{states.map((state) => <StepState key={state} state={state} />)}</p> };

const timed: readonly TimedStep[] = [
  { id: 'Collect', name: 'Collect', detail: 'memory.recall', state: 'completed', attempt: 3, from: 0, to: 1200, took: '1.2 s' },
  { id: 'Look', name: 'Look', detail: 'agent.ask', state: 'failed', attempt: 1, from: 1200, to: 3000, took: '1.8 s', note: 'tool_failed: nobody answered.' },
  { id: 'Look[0]', name: 'Look[0]', detail: 'agent.ask', state: 'completed', attempt: 1, from: 1200, to: 2000, took: '800 ms', nested: true },
  { id: 'Ask', name: 'Ask', detail: 'human.ask', state: 'waiting', attempt: 1, from: 3000, to: null, took: '2 s' },
  { id: 'Publish', name: 'Publish', detail: 'github.create_issue', state: 'pending', attempt: 0, from: null, to: null, took: null },
];
const TimelineStory = ({ steps }: { steps: readonly TimedStep[] }) => {
  const [selected, select] = useState<string | null>('Look');
  return <div className="rounded-lg border border-line bg-surface"><StepTimeline label="Steps" steps={steps} now={5000} selected={selected} onSelect={select} /></div>;
};
export const Timeline: StoryObj = { render: () => <TimelineStory steps={timed} /> };
export const TimelineBeforeAnythingBegan: StoryObj = { render: () => <TimelineStory steps={timed.slice(-1)} /> };

const graph: readonly GraphStep[] = [
  { id: 'Over', detail: 'wait.signal', state: 'completed', after: [] },
  { id: 'Timeline', detail: 'memory.recall', state: 'completed', after: ['Over'] },
  { id: 'Effects', detail: 'memory.recall', state: 'running', after: ['Over'] },
  { id: 'Review', detail: 'agent.ask', state: 'pending', after: ['Timeline', 'Effects'] },
  { id: 'Keep a name that is much longer than its box', detail: 'memory.remember', state: 'pending', after: ['Review', 'Over'] },
];
const GraphStory = ({ steps }: { steps: readonly GraphStep[] }) => {
  const [selected, select] = useState<string | null>('Effects');
  return <div className="rounded-lg border border-line bg-sunken"><RunGraph label="Graph" steps={steps} selected={selected} onSelect={select} /></div>;
};
export const Graph: StoryObj = { render: () => <GraphStory steps={graph} /> };
export const GraphOfOne: StoryObj = { render: () => <GraphStory steps={graph.slice(0, 1)} /> };
