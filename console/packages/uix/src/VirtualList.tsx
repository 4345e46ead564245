import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from 'react';
import { cn } from './cn.ts';

const beyond = 6;

/** The part of the page that scrolls an element: the element itself or what it lies in. What may scroll and has room for all of it does not. */
const scrollerOf = (element: HTMLElement): HTMLElement => {
  let first: HTMLElement | null = null;
  for (let at: HTMLElement | null = element; at; at = at.parentElement) {
    if (!/auto|scroll/.test(getComputedStyle(at).overflowY)) continue;
    if (at.scrollHeight > at.clientHeight + 1) return at;
    first ??= at;
  }
  return first ?? document.documentElement;
};

/**
 * A list of any length with rows of any height: only those in view are in the page. It scrolls by itself when its look says so, and
 * else with the part of the page that it lies in.
 */
export const VirtualList = <Row,>({ label, rows, rowId, children, rowHeight, gap = 0, onEnd, className, rowClassName }: {
  label: string;
  rows: readonly Row[];
  rowId: (row: Row) => string | number;
  children: (row: Row) => ReactNode;
  /** About how high a row is; each is measured when it is there. */
  rowHeight: number;
  gap?: number;
  onEnd?: () => void;
  className?: string;
  rowClassName?: string;
}) => {
  const box = useRef<HTMLUListElement>(null);
  const [from, setFrom] = useState({ scroller: null as HTMLElement | null, margin: 0 });
  // What stands above the list may have grown since.
  useLayoutEffect(() => {
    const scroller = scrollerOf(box.current!);
    const margin = scroller === box.current ? 0 : Math.round(box.current!.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop);
    setFrom((old) => (old.scroller === scroller && Math.abs(old.margin - margin) <= 1 ? old : { scroller, margin }));
  });
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => from.scroller, estimateSize: () => rowHeight, overscan: beyond, gap, scrollMargin: from.margin, getItemKey: (index) => rowId(rows[index]!) });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - beyond) onEnd?.();
  }, [last, rows.length, onEnd]);
  const scrolls = from.scroller !== null && from.scroller === box.current;
  return (
    <ul ref={box} aria-label={label} tabIndex={scrolls ? 0 : undefined} style={{ '--rows': `${list.getTotalSize()}px` } as CSSProperties} className={cn("relative before:block before:h-(--rows) before:content-[''] focus-visible:-outline-offset-2", className)}>
      {items.map((item) => (
        <li key={item.key} ref={list.measureElement} data-index={item.index} aria-setsize={rows.length} aria-posinset={item.index + 1} className={cn('absolute inset-x-0 top-0', rowClassName)} style={{ transform: `translateY(${item.start - from.margin}px)` }}>
          {children(rows[item.index]!)}
        </li>
      ))}
    </ul>
  );
};
