import { useState } from 'react';
import type { Policy } from './document.ts';

const keptUnder = 'soma.policy-draft';

type Kept = { tenant: string; version: number; document: Policy };

const read = (tenant: string): Kept | null => {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keptUnder) ?? 'null') as Kept | null;
    return kept?.tenant === tenant ? kept : null;
  } catch {
    return null;
  }
};

/** A policy that is being written. This tab keeps it over a reload; the server knows nothing of it. */
export const useDraft = (tenant: string) => {
  const [kept, setKept] = useState(() => read(tenant));
  const keep = (next: Kept | null) => {
    setKept(next);
    if (next) sessionStorage.setItem(keptUnder, JSON.stringify(next));
    else sessionStorage.removeItem(keptUnder);
  };
  return { draft: kept, write: (version: number, document: Policy) => keep({ tenant, version: kept?.version ?? version, document }), discard: () => keep(null) };
};
