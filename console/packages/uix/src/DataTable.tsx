import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { cn } from './cn.ts';
import { fill, useText } from './text.tsx';

/** With `narrow` only readers of the screen hear the header. */
export type Column<Row> = { id: string; header: string; narrow?: boolean; width: string; cell: (row: Row) => ReactNode; end?: boolean };

const rowHeight = 36;
const headingHeight = 30;
const beyond = 6;

/**
 * A list of any length: only the rows in view are in the page. J/K or the arrows move, Enter opens; the row that has the focus is the
 * one that the page's own keys act on.
 */
export const DataTable = <Row,>({ label, columns, rows, rowId, heading, selected, onSelect, onOpen, onEnd, empty, footer, className }: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowId: (row: Row) => string;
  /** What stands above a row when a new group begins with it; null within a group. */
  heading?: (row: Row, before: Row | undefined) => string | null;
  selected?: string | null;
  onSelect?: (row: Row) => void;
  onOpen?: (row: Row) => void;
  onEnd?: () => void;
  empty: ReactNode;
  footer?: ReactNode;
  className?: string;
}) => {
  const text = useText();
  const view = useRef<HTMLDivElement>(null);
  const headingOf = (index: number) => heading?.(rows[index]!, rows[index - 1]) ?? null;
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => view.current, estimateSize: (index) => (headingOf(index) === null ? rowHeight : rowHeight + headingHeight), overscan: beyond, getItemKey: (index) => rowId(rows[index]!) });
  const at = rows.findIndex((row) => rowId(row) === selected);
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - beyond) onEnd?.();
  }, [last, rows.length, onEnd]);
  const move = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (!row) return;
    onSelect?.(row);
    list.scrollToIndex(rows.indexOf(row));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = { j: at + 1, ArrowDown: at + 1, k: at - 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 };
    if (event.key in steps) move(steps[event.key]!);
    else if (event.key === 'Enter' && rows[at]) onOpen?.(rows[at]);
    else return;
    event.preventDefault();
  };
  const grid = { gridTemplateColumns: columns.map((column) => column.width).join(' ') };
  if (rows.length === 0) return <div className={className}>{empty}</div>;
  return (
    <div className={cn('flex min-h-0 flex-col bg-surface', className)}>
      <div ref={view} role="grid" aria-label={label} aria-rowcount={rows.length + 1} tabIndex={0} onKeyDown={onKeyDown}
        aria-activedescendant={at >= 0 ? `row-${selected}` : undefined} className="min-h-0 flex-1 overflow-auto focus-visible:-outline-offset-2">
        <div role="rowgroup" className="sticky top-0 z-10 min-w-max border-b border-line bg-surface">
          <div role="row" aria-rowindex={1} className="grid h-9 items-center gap-4 px-4 text-xs font-medium text-muted" style={grid}>
            {columns.map((column) => <div key={column.id} role="columnheader" className={cn('truncate', column.end && 'text-end')}>{column.narrow ? <span className="sr-only">{column.header}</span> : column.header}</div>)}
          </div>
        </div>
        <div role="rowgroup" className="relative min-w-max" style={{ height: list.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index]!;
            const id = rowId(row);
            const group = headingOf(item.index);
            const line = (
              <div key={item.key} id={`row-${id}`} role="row" aria-rowindex={item.index + 2} aria-selected={id === selected} onClick={() => { onSelect?.(row); onOpen?.(row); }}
                className={cn('absolute inset-x-0 grid cursor-pointer items-center gap-4 border-b border-line px-4 text-base hover:bg-hover', id === selected && 'bg-accent-soft')}
                style={{ ...grid, height: rowHeight, transform: `translateY(${item.end - rowHeight}px)` }}>
                {columns.map((column) => <div key={column.id} role="gridcell" className={cn('truncate', column.end && 'text-end tabular-nums')}>{column.cell(row)}</div>)}
              </div>
            );
            if (group === null) return line;
            return [
              <div key={`group-${id}`} role="row" className="absolute inset-x-0 flex items-end border-b border-line bg-sunken px-4 pb-1 text-xs font-medium text-muted" style={{ height: headingHeight, transform: `translateY(${item.start}px)` }}><div role="rowheader" aria-colspan={columns.length}>{group}</div></div>,
              line,
            ];
          })}
        </div>
      </div>
      <div className="flex min-h-9 flex-wrap items-center gap-3 border-t border-line px-4 py-1 text-xs text-muted"><span>{rows.length === 1 ? text.oneRow : fill(text.rows, { n: rows.length.toLocaleString(document.documentElement.lang || undefined) })}</span>{footer}</div>
    </div>
  );
};
