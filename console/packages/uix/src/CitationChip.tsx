import { Popover as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { fill, useText } from './text.tsx';

/** A number that opens what it stands for: the quoted words, where they come from, and a way there. */
export const CitationChip = ({ n, quote, source, action }: { n: number; quote: string; source: ReactNode; action?: ReactNode }) => {
  const text = useText();
  return (
    <Radix.Root>
      <Radix.Trigger asChild>
        <button type="button" aria-label={fill(text.citation, { n })} className="mx-0.5 inline-flex h-[1.125rem] min-w-[1.125rem] items-center justify-center rounded bg-accent-soft px-1 align-text-top text-xs font-semibold text-accent hover:underline">{n}</button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content sideOffset={6} aria-label={fill(text.citation, { n })} className="z-50 flex max-h-80 w-96 max-w-[calc(100vw-2rem)] flex-col gap-2 overflow-y-auto rounded-lg border border-line bg-surface p-4 text-base shadow-high">
          <blockquote className="border-s-2 border-accent ps-3 break-words whitespace-pre-wrap">{quote}</blockquote>
          <p className="font-mono text-xs break-all text-muted">{source}</p>
          {action}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
};
