import { Badge, EmptyState } from '@somastack/uix';
import { words } from '~/i18n/words.ts';

const useWords = words('diff', { added: 'added', removed: 'removed', changed: 'changed', before: 'Before', after: 'After', same: 'No difference', whole: 'the whole', list: 'Differences' }, { added: 'añadido', removed: 'quitado', changed: 'cambiado', before: 'Antes', after: 'Después', same: 'Sin diferencias', whole: 'todo', list: 'Diferencias' });

type Shown = { path: string; op: string; from?: unknown; to?: unknown };

const tones: Record<string, 'ok' | 'bad' | 'info'> = { added: 'ok', removed: 'bad', changed: 'info' };

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

const Side = ({ label, value, look }: { label: string; value: unknown; look: string }) => (
  <div className={`min-w-0 flex-1 basis-56 rounded-md border p-2 ${look}`}><p className="mb-0.5 text-xs text-muted">{label}</p><pre className="font-mono text-xs break-words whitespace-pre-wrap">{textOf(value)}</pre></div>
);

/** What two documents differ in, place by place, as text. */
export const DiffList = ({ changes }: { changes: readonly Shown[] }) => {
  const say = useWords();
  if (changes.length === 0) return <EmptyState title={say('same')} className="py-6" />;
  return (
    <ul aria-label={say('list')} className="flex flex-col divide-y divide-line">
      {changes.map((change) => (
        <li key={change.path} className="flex flex-col gap-1.5 py-3">
          <p className="flex flex-wrap items-center gap-2 text-sm"><Badge tone={tones[change.op] ?? 'neutral'}>{change.op in tones ? say(change.op as 'added') : change.op}</Badge><code className="font-mono text-xs break-all">{change.path || say('whole')}</code></p>
          <div className="flex flex-wrap gap-2">
            {change.op === 'added' ? null : <Side label={say('before')} value={change.from} look="border-bad/25 bg-bad-soft" />}
            {change.op === 'removed' ? null : <Side label={say('after')} value={change.to} look="border-ok/25 bg-ok-soft" />}
          </div>
        </li>
      ))}
    </ul>
  );
};
