import type { Meta, StoryObj } from '@storybook/react-vite';
import { Badge, Banner, Button, Card, CardBody, CheckBox, CopyButton, EmptyState, Field, Input, JsonView, Kbd, Select, StatusLed, TextArea, AsOf } from '../src/index.ts';

const meta: Meta = { title: 'Basics' };
export default meta;

export const Buttons: StoryObj = {
  render: () => (
    <div className="flex flex-wrap gap-3">
      <Button look="primary">Approve</Button><Button>Plain</Button><Button look="quiet">Quiet</Button><Button look="danger">Stop</Button><Button busy>Busy</Button><Button disabled>Off</Button><Button size="sm">Small</Button><Button size="icon" aria-label="One sign">＋</Button><CopyButton value="x" label="Copy" />
    </div>
  ),
};

export const Cards: StoryObj = { render: () => <Card title="Needs you" hint="Approvals that wait for your decision." actions={<Button size="sm">All</Button>}><CardBody>What the card holds.</CardBody></Card> };

export const Fields: StoryObj = {
  render: () => (
    <form className="flex max-w-md flex-col gap-4">
      <Field label="Name" hint="As others see it.">{(parts) => <Input {...parts} defaultValue="Ada" />}</Field>
      <Field label="Reason" error="Say why.">{(parts) => <TextArea {...parts} />}</Field>
      <Field label="Scope">{(parts) => <Select {...parts}><option>tenant</option><option>platform</option></Select>}</Field>
      <CheckBox label="Remember this" />
    </form>
  ),
};

export const Lights: StoryObj = { render: () => <div className="flex flex-col gap-2"><StatusLed state="ok" label="database" /><StatusLed state="degraded" label="embedder" /><StatusLed state="down" label="bus" /><StatusLed state="unknown" label="voice" /><StatusLed state="ok" /></div> };

export const Marks: StoryObj = { render: () => <div className="flex flex-wrap items-center gap-2"><Badge>neutral</Badge><Badge tone="ok">ok</Badge><Badge tone="warn">warn</Badge><Badge tone="bad">bad</Badge><Badge tone="info">info</Badge><Badge tone="accent">accent</Badge><Kbd>g</Kbd><Kbd>i</Kbd><AsOf at={new Date(Date.UTC(2026, 0, 2, 3, 4, 5))} locale="en" /></div> };

export const Banners: StoryObj = { render: () => <div className="flex flex-col gap-3"><Banner tone="info" title="Proven.">By this browser.</Banner><Banner tone="warn" title="Out of reach.">What you see may be old.</Banner><Banner tone="bad" title="It broke off.">Send the message again.</Banner><Banner tone="stop" title="Everything is stopped.">A drill.</Banner></div> };

export const Empty: StoryObj = { render: () => <div className="flex flex-col gap-4"><Card><EmptyState title="Nothing waits" action={<Button>All</Button>}>First use: why, and one action.</EmptyState></Card><Card><EmptyState title="Nothing matches these filters" action={<Button>Clear filters</Button>} /></Card></div> };

export const Data: StoryObj = { render: () => <JsonView label="Arguments" value={{ prompt: '<script>alert(1)</script>', n: 1 }} /> };
