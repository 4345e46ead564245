import { fill, useText } from './text.tsx';

/** When a live value was read. Every live value carries one. In the page's language unless another is named: not in the browser's. */
export const AsOf = ({ at, locale, className }: { at: Date | null; locale?: string; className?: string }) => {
  const text = useText();
  if (!at) return null;
  const time = new Intl.DateTimeFormat(locale ?? (document.documentElement.lang || undefined), { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
  return <time dateTime={at.toISOString()} className={className ?? 'text-xs text-muted tabular-nums'}>{fill(text.asOf, { time })}</time>;
};
