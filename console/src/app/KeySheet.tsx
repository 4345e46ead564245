import { Dialog, Kbd } from '@somastack/uix';
import { useLanguage } from '~/i18n/words.ts';
import type { NavItem } from './nav.ts';
import { useShellWords } from './shellWords.ts';

const Line = ({ keys, text }: { keys: string; text: string }) => (
  <div className="flex items-center justify-between gap-4 py-1"><dt>{text}</dt><dd className="flex gap-1">{keys.split(' ').map((key) => <Kbd key={key}>{key}</Kbd>)}</dd></div>
);

/** Every key that works here. */
export const KeySheet = ({ open, onOpenChange, items }: { open: boolean; onOpenChange: (open: boolean) => void; items: readonly NavItem[] }) => {
  const say = useShellWords();
  const lang = useLanguage();
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say('keysTitle')} className="max-w-xl">
      <div className="grid gap-6 sm:grid-cols-2">
        <section><h3 className="mb-1 text-sm font-medium text-muted">{say('keysPlaces')}</h3><dl><Line keys="Ctrl K" text={say('palette')} />{items.map((item) => (item.key ? <Line key={item.to} keys={`g ${item.key}`} text={item.label[lang]} /> : null))}</dl></section>
        <section><h3 className="mb-1 text-sm font-medium text-muted">{say('keysLists')}</h3><dl><Line keys="j" text={say('next')} /><Line keys="k" text={say('previous')} /><Line keys="Enter" text={say('openRow')} /><Line keys="Esc" text={say('closeAny')} /><Line keys="a" text={say('approveKey')} /><Line keys="r" text={say('rejectKey')} /><Line keys="Enter" text={say('sendKey')} /><Line keys="?" text={say('thisSheet')} /></dl></section>
      </div>
    </Dialog>
  );
};
