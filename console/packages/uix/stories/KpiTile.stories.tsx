import type { Meta, StoryObj } from '@storybook/react-vite';
import { KpiTile } from '../src/index.ts';

const meta: Meta<typeof KpiTile> = { title: 'KPI tile', component: KpiTile };
export default meta;

const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const rising = [1, 2, null, 4, 3, 6];

export const FiveStates: StoryObj = {
  render: () => (
    <div className="grid gap-4 sm:grid-cols-3">
      <KpiTile label="Loading" source="GET /v1/x" state={{ kind: 'loading' }} />
      <KpiTile label="Known" unit="ms" source="GET /v1/x" state={{ kind: 'ok', value: rising.at(-1)!.toString(), at, points: rising }} />
      <KpiTile label="Estimated" unit="EUR" source="GET /v1/x" state={{ kind: 'ok', value: rising.at(-1)!.toString(), at, estimated: true }} />
      <KpiTile label="Stale" source="GET /v1/x" state={{ kind: 'stale', value: rising.at(-1)!.toString(), at, reason: 'the server did not answer' }} />
      <KpiTile label="Unknown" source="GET /v1/x" state={{ kind: 'unknown', reason: 'nobody has measured it' }} />
      <KpiTile label="Failed" source="GET /v1/x" state={{ kind: 'error', reason: 'the query was refused' }} />
    </div>
  ),
};
