import type { ReactNode } from 'react';

/** Names and values of one record, one beside the other. */
export const Facts = ({ facts }: { facts: readonly (readonly [string, ReactNode] | null)[] }) => (
  <dl className="grid grid-cols-[minmax(7rem,auto)_1fr] gap-x-4 gap-y-1.5 text-sm">
    {facts.filter((fact) => fact !== null).map(([name, value]) => <div key={name} className="contents"><dt className="text-muted">{name}</dt><dd className="min-w-0 break-words">{value}</dd></div>)}
  </dl>
);
