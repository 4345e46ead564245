import { useText } from './text.tsx';

/** A value that nobody knows, with the reason. It is never a zero. */
export const Unknown = ({ reason, quiet = false }: { reason: string; quiet?: boolean }) => {
  const text = useText();
  return <span title={quiet ? reason : undefined}><span aria-hidden>—</span><span className="sr-only">{text.unknown}: </span> <span className={quiet ? 'sr-only' : 'text-sm text-muted'}>{reason}</span></span>;
};
