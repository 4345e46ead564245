import { Button, cn, Kbd } from '@somastack/uix';
import { Link, useLocation } from '@tanstack/react-router';
import { BookOpen, Search, X } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { useLanguage } from '~/i18n/words.ts';
import { Mark } from './Mark.tsx';
import { navGroups, type NavItem } from './nav.ts';
import { useShellWords } from './shellWords.ts';

const isMac = /mac|iphone|ipad/i.test(navigator.userAgent);

/** The places of the console, at the start side; over the page on a phone. */
export const Rail = ({ items, open, onClose, onPalette, foot }: { items: readonly NavItem[]; open: boolean; onClose: () => void; onPalette: () => void; foot: ReactNode }) => {
  const say = useShellWords();
  const lang = useLanguage();
  const places = useRef<HTMLDivElement>(null);
  const here = useLocation({ select: (at) => at.pathname });
  useEffect(() => {
    // Newer browsers answer with a promise, which is no clean-up.
    void places.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest' });
  }, [here, open]);
  const place = 'flex h-7.5 items-center gap-2.5 rounded-md px-2.5 text-base text-muted hover:bg-hover hover:text-text';
  return (
    <nav aria-label={say('places')} className={cn('w-56 shrink-0 flex-col border-e border-line bg-surface md:flex', open ? 'fixed inset-y-0 start-0 z-40 flex shadow-high' : 'hidden')}>
      <div className="flex h-12 items-center gap-2.5 px-4"><Mark className="size-6" /><span className="font-semibold tracking-tight">SomaStack</span>
        {open ? <Button look="quiet" size="icon" className="ms-auto md:hidden" aria-label={say('close')} onClick={onClose}><X aria-hidden className="size-4" /></Button> : null}
      </div>
      <button type="button" onClick={onPalette} className="mx-3 mt-1 flex h-8 items-center gap-2 rounded-md border border-line bg-sunken px-2.5 text-sm text-muted hover:border-line-strong">
        <Search aria-hidden className="size-3.5 shrink-0" /><span className="truncate">{say('goTo')}</span><Kbd className="ms-auto shrink-0 whitespace-nowrap">{isMac ? '⌘K' : 'Ctrl K'}</Kbd>
      </button>
      <div ref={places} className="flex-1 overflow-y-auto px-3 py-3">
        {navGroups.map((group) => {
          const inside = items.filter((item) => item.group === group.id);
          if (inside.length === 0) return null;
          return (
            <div key={group.id} className="mb-3">
              <h2 className="px-2.5 pb-1 text-xs font-medium text-muted">{group.label[lang]}</h2>
              <ul className="flex flex-col gap-px">
                {inside.map(({ icon: Icon, ...item }) => (
                  <li key={item.to}>
                    <Link to={item.to} className={place} activeOptions={{ exact: item.to === '/', includeSearch: false }} activeProps={{ className: 'bg-accent-soft text-text font-medium', 'aria-current': 'page' }}><Icon aria-hidden className="size-4 shrink-0" /><span className="truncate">{item.label[lang]}</span></Link>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </div>
      <div className="flex flex-col gap-1 border-t border-line px-3 py-3">
        <a href="/docs" className={place}><BookOpen aria-hidden className="size-4 shrink-0" /><span className="truncate">{say('docs')}</span></a>
        <div className="px-2.5 pt-1">{foot}</div>
      </div>
    </nav>
  );
};
