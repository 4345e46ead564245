import type { Meta, StoryObj } from '@storybook/react-vite';
import { useState } from 'react';
import { Button, DataTable, Dialog, Drawer, EmptyState, Menu, NotificationList, NotificationTray, Tabs, useToast, VirtualList } from '../src/index.ts';

const meta: Meta = { title: 'Lists and layers' };
export default meta;

type Row = { id: string; what: string; who: string };
const rowsOf = (count: number): readonly Row[] => Array.from({ length: count }, (_, index) => ({ id: `r${index}`, what: `Line ${index}`, who: index % 2 ? 'ada' : 'bob' }));

const Table = ({ count }: { count: number }) => {
  const [selected, select] = useState<string | null>('r1');
  return (
    <div className="h-96 rounded-lg border border-line bg-surface">
      <DataTable label="Lines" className="h-full" rows={rowsOf(count)} rowId={(row) => row.id} selected={selected} onSelect={(row) => select(row.id)} empty={<EmptyState title="Nothing here" />}
        columns={[{ id: 'what', header: 'What', width: 'minmax(10rem,1fr)', cell: (row) => row.what }, { id: 'who', header: 'Who', width: '8rem', cell: (row) => row.who }]} />
    </div>
  );
};

export const TenThousandRows: StoryObj = { render: () => <Table count={10_000} /> };
export const NoRows: StoryObj = { render: () => <Table count={0} /> };

const tall = (row: Row) => <p className="border-b border-line px-4 py-2">{row.what}{Number(row.id.slice(1)) % 3 === 0 ? <span className="block text-sm text-muted">It has a second line, as every third does.</span> : null}</p>;
export const RowsOfAnyHeight: StoryObj = { render: () => <VirtualList label="Lines" rows={rowsOf(10_000)} rowId={(row) => row.id} rowHeight={40} className="h-96 overflow-y-auto rounded-lg border border-line bg-surface">{tall}</VirtualList> };

const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const notices = [{ id: '1', title: 'Answer a message', detail: 'ada asks', at, unread: true, needsYou: true }, { id: '2', title: 'A budget is nearly spent', at, unread: true, needsYou: false, badge: { tone: 'warn', text: 'warning' } as const }, { id: '3', title: 'A run ended', at, unread: false, needsYou: false }];
const TrayStory = ({ list }: { list: typeof notices }) => {
  const [tab, setTab] = useState('all');
  return (
    <NotificationTray unread={list.filter((one) => one.unread).length} attention={list.filter((one) => one.needsYou).length}>
      <NotificationList locale="en" notices={list} tabs={[{ id: 'all', label: 'All' }, { id: 'waiting', label: 'Action required' }]} tab={tab} onTab={setTab} onOpen={() => undefined} onRead={() => undefined} onAcknowledge={() => undefined} snoozes={[{ id: 'hour', label: 'For an hour' }]} onSnooze={() => undefined} />
    </NotificationTray>
  );
};
export const Tray: StoryObj = { render: () => <TrayStory list={notices} /> };
export const UnreadTray: StoryObj = { render: () => <TrayStory list={notices.slice(1)} /> };
export const EmptyTray: StoryObj = { render: () => <TrayStory list={[]} /> };
export const OpenList: StoryObj = { render: () => <div className="w-96 rounded-xl border border-line bg-surface"><NotificationList locale="en" notices={notices} tabs={[{ id: 'all', label: 'All' }]} tab="all" onTab={() => undefined} onRead={() => undefined} onAcknowledge={() => undefined} snoozes={[{ id: 'hour', label: 'For an hour' }]} onSnooze={() => undefined} /></div> };
export const GroupedRows: StoryObj = { render: () => <div className="h-72 rounded-lg border border-line bg-surface"><DataTable label="Grouped" className="h-full" rows={rowsOf(9)} rowId={(row) => row.id} heading={(row, before) => (row.who === before?.who ? null : row.who)} empty={null} columns={[{ id: 'what', header: 'What', width: '1fr', cell: (row) => row.what }]} /></div> };

export const Menus: StoryObj = { render: () => <Menu trigger={<Button>Account</Button>} items={[{ id: 'h', heading: 'Theme' }, { id: 'l', label: 'Light', checked: true, onSelect: () => undefined }, { id: 'o', label: 'Sign out', danger: true, onSelect: () => undefined }]} /> };

const TabsStory = () => {
  const [tab, setTab] = useState('a');
  return <Tabs label="Proof" value={tab} onChange={setTab} tabs={[{ id: 'a', label: 'Trace', content: <p className="p-4">One</p> }, { id: 'b', label: 'Cost', content: <p className="p-4">Two</p> }]} />;
};
export const TabList: StoryObj = { render: () => <TabsStory /> };

export const OpenDialog: StoryObj = { render: () => <Dialog open onOpenChange={() => undefined} title="Prove your second factor" hint="A code of the last ten minutes."><Button look="primary">Continue</Button></Dialog> };
export const OpenDrawer: StoryObj = { render: () => <Drawer open onOpenChange={() => undefined} title="turn_completed">What was written.</Drawer> };

const ToastStory = () => {
  const say = useToast();
  return <Button onClick={() => say({ tone: 'ok', title: 'Decided: approved', detail: '3 decisions of yours in the last hour' })}>Say it</Button>;
};
export const Toasts: StoryObj = { render: () => <ToastStory /> };
