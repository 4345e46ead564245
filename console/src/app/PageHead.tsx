import type { ReactNode } from 'react';

/** The head of a screen: its name, what it is for, when it was read, what it filters by. */
export const PageHead = ({ title, hint, live, actions, children }: { title: string; hint?: string; live?: ReactNode; actions?: ReactNode; children?: ReactNode }) => (
  <header className="flex flex-wrap items-end gap-x-4 gap-y-2 border-b border-line bg-bg px-5 py-4">
    <div className="min-w-0 flex-1 basis-64"><h1 className="text-xl font-semibold tracking-tight">{title}</h1>{hint ? <p className="text-sm text-muted">{hint}</p> : null}</div>
    <div className="flex flex-wrap items-center gap-2">{live}{children}{actions}</div>
  </header>
);
