import { cn, Skeleton } from '@somastack/uix';
import { lazy, Suspense } from 'react';
import { patiently } from '~/app/patiently.ts';
import type { EditorProps } from './Editor.tsx';

const Editor = lazy(async () => ({ default: (await patiently(() => import('./Editor.tsx'))).Editor }));

/** A text with a grammar. The editor comes when one is shown. */
export const CodeEditor = ({ className, ...rest }: EditorProps) => (
  <Suspense fallback={<Skeleton className="h-24" />}>
    <Editor {...rest} className={cn('overflow-auto rounded-md border border-line-strong', className)} />
  </Suspense>
);
