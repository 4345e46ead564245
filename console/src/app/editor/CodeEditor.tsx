import { cn, Skeleton } from '@somastack/uix';
import { lazy, Suspense } from 'react';
import type { EditorProps } from './Editor.tsx';

const Editor = lazy(() => import('./Editor.tsx').then((module) => ({ default: module.Editor })));

/** A text with a grammar. The editor comes when one is shown. */
export const CodeEditor = ({ className, ...rest }: EditorProps) => (
  <Suspense fallback={<Skeleton className="h-24" />}>
    <Editor {...rest} className={cn('overflow-auto rounded-md border border-line-strong', className)} />
  </Suspense>
);
