import { EmptyState } from '@somastack/uix';
import type { Guardrail } from './wizard.ts';

/** What a mode refuses, why, and what helps: the server's own words. */
export const Guardrails = ({ list, empty }: { list: readonly Guardrail[]; empty: string }) =>
  list.length === 0 ? <EmptyState title={empty} className="py-4" /> : (
    <ul className="flex flex-col divide-y divide-line">
      {list.map((one) => (
        <li key={one.code} className="py-2">
          <p className="flex flex-wrap items-baseline gap-x-2"><code className="font-mono text-xs text-muted">{one.code}</code><span>{one.refuses}</span></p>
          <p className="text-sm text-muted">{one.why}</p>
        </li>
      ))}
    </ul>
  );
