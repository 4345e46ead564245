import type { Meta, StoryObj } from '@storybook/react-vite';
import { EmptyState, Interval, Meter, Table, Unknown } from '../src/index.ts';

const meta: Meta = { title: 'Measures' };
export default meta;

type Row = { id: string; value: number; low: number; high: number };
const rows: readonly Row[] = [{ id: 'one', value: 0.67, low: 0.39, high: 0.86 }, { id: 'two', value: 1, low: 0.76, high: 1 }];
const shown = (row: Row) => `${row.value} (${row.low} – ${row.high})`;

export const Intervals: StoryObj = { render: () => <div className="flex flex-col gap-2">{rows.map((row) => <Interval key={row.id} {...row} label={shown(row)} mark={0.7} />)}</div> };
export const Meters: StoryObj = { render: () => <div className="flex max-w-xs flex-col gap-3"><Meter used={3} promised={2} of={10} label="3 used, 2 bound, of 10" /><Meter used={9} of={10} label="9 of 10" /><Meter used={12} of={10} label="12 of 10" /></div> };
export const Tables: StoryObj = {
  render: () => <Table label="Scores" rows={rows} rowId={(row) => row.id} empty={null} columns={[{ id: 'name', header: 'Name', cell: (row) => row.id }, { id: 'value', header: 'Value', cell: (row) => <Interval {...row} label={shown(row)} /> }, { id: 'cost', header: 'Cost', cell: () => <Unknown reason="no price" />, end: true }]} />,
};
export const EmptyTable: StoryObj = { render: () => <Table label="Scores" rows={[] as Row[]} rowId={(row) => row.id} columns={[]} empty={<EmptyState title="Nothing is measured yet" />} /> };
