import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export type TableColumn<Row> = { id: string; header: string; cell: (row: Row) => ReactNode; end?: boolean; wrap?: boolean };

/** A short table that is read as a whole. Lists of unknown length are a DataTable. */
export const Table = <Row,>({ label, columns, rows, rowId, empty, className }: { label: string; columns: readonly TableColumn<Row>[]; rows: readonly Row[]; rowId: (row: Row) => string; empty: ReactNode; className?: string }) => {
  if (rows.length === 0) return <>{empty}</>;
  return (
    <div role="region" aria-label={label} tabIndex={0} className={cn('relative overflow-x-auto focus-visible:-outline-offset-2', className)}>
      <table className="w-full text-base">
        <thead>
          <tr className="border-b border-line text-xs text-muted">
            {columns.map((column) => (column.header ? <th key={column.id} scope="col" className={cn('h-9 px-3 text-start first:ps-4 last:pe-4 font-medium whitespace-nowrap', column.end && 'text-end')}>{column.header}</th> : <td key={column.id} />))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row) => (
            <tr key={rowId(row)} className="align-baseline">
              {columns.map((column, index) => {
                const look = cn('px-3 py-2 first:ps-4 last:pe-4', column.end && 'text-end tabular-nums', !column.wrap && 'whitespace-nowrap');
                return index === 0 ? <th key={column.id} scope="row" className={cn(look, 'text-start font-medium')}>{column.cell(row)}</th> : <td key={column.id} className={look}>{column.cell(row)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};
