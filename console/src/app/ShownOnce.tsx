import { Banner, CopyButton } from '@somastack/uix';
import { words } from '~/i18n/words.ts';

const useWords = words('shownOnce', { once: 'Shown once', text: 'Copy it now. The server keeps only its hash and cannot show it again.', copy: 'Copy' }, { once: 'Se muestra una vez', text: 'Cópielo ahora. El servidor solo guarda su hash y no puede mostrarlo otra vez.', copy: 'Copiar' });

/** A secret on its only way past a person. */
export const ShownOnce = ({ label, value }: { label: string; value: string }) => {
  const say = useWords();
  return (
    <section aria-label={label} className="flex flex-col gap-2">
      <Banner tone="warn" title={`${label}: ${say('once')}.`}>{say('text')}</Banner>
      <div className="flex flex-wrap items-start gap-2"><code className="min-w-0 flex-1 basis-64 rounded-md border border-line bg-sunken p-2 font-mono text-xs break-all" data-secret>{value}</code><CopyButton value={value} label={say('copy')} look="plain" /></div>
    </section>
  );
};
