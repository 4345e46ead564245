import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { Languages, LogOut, MessageSquarePlus, MessagesSquare, Moon, Sun } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { api, bodyOf } from '~/api/client.ts';
import { signOut } from '~/auth/session.ts';
import { languages, useLanguage, type Language } from '~/i18n/words.ts';
import { setLook } from './look.ts';
import { navGroups, type NavItem } from './nav.ts';
import { useShellWords } from './shellWords.ts';

const recentMax = 8;

/** Every word that was typed must be there; what begins with it comes first. */
const rank = (_: string, typed: string, words: readonly string[] = []) => {
  const name = (words[0] ?? '').toLowerCase();
  const all = words.join(' ').toLowerCase();
  const terms = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (!terms.every((term) => all.includes(term))) return 0;
  return name.startsWith(terms[0] ?? '') ? 1 : name.includes(terms[0] ?? '') ? 0.8 : 0.5;
};

/** Everything by its name: places, recent conversations, commands. */
export const Palette = ({ open, onOpenChange, items }: { open: boolean; onOpenChange: (open: boolean) => void; items: readonly NavItem[] }) => {
  const say = useShellWords();
  const lang = useLanguage();
  const go = useNavigate();
  const recent = useQuery({ queryKey: ['sessions', 'recent'], queryFn: () => bodyOf(api.GET('/v1/sessions', { params: { query: { limit: recentMax } } })) });
  const act = (what: () => void) => () => {
    onOpenChange(false);
    what();
  };
  const item = (id: string, words: readonly string[], icon: ReactNode, label: string, what: () => void, hint?: string) => (
    <Command.Item key={id} value={id} keywords={[label, ...words]} onSelect={act(what)} className="flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-3 text-base data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:text-muted">
      {icon}<span className="truncate">{label}</span>{hint ? <span className="ms-auto text-xs text-muted">{hint}</span> : null}
    </Command.Item>
  );
  const heading = '[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-3 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-muted';
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content aria-describedby={undefined} className="fixed inset-x-4 top-[14vh] z-50 mx-auto max-w-xl overflow-hidden rounded-xl border border-line bg-surface shadow-high">
          <Radix.Title className="sr-only">{say('goTo')}</Radix.Title>
          <Command label={say('goTo')} loop filter={rank}>
            <Command.Input autoFocus placeholder={say('goTo')} className="h-12 w-full border-b border-line bg-surface px-4 text-lg outline-none placeholder:text-muted" />
            <Command.List className={`max-h-[50vh] overflow-y-auto p-1.5 ${heading}`}>
              <Command.Empty className="px-4 py-8 text-center text-muted">{say('noMatch')}</Command.Empty>
              {recent.data?.data.length ? <Command.Group heading={say('recent')}>{recent.data.data.map((session) => item(`session ${session.id}`, [], <MessagesSquare aria-hidden />, session.title, () => void go({ to: '/chat/{-$session}', params: { session: session.id } })))}</Command.Group> : null}
              {navGroups.map((group) => {
                const inside = items.filter((one) => one.group === group.id);
                return inside.length ? <Command.Group key={group.id} heading={group.label[lang]}>{inside.map(({ icon: Icon, ...one }) => item(one.to, one.keywords, <Icon aria-hidden />, one.label[lang], () => void go({ to: one.to }), one.key ? `g ${one.key}` : undefined))}</Command.Group> : null;
              })}
              <Command.Group heading={say('commands')}>
                {item('new', ['new', 'chat'], <MessageSquarePlus aria-hidden />, say('newChat'), () => void go({ to: '/chat/{-$session}', params: {} }))}
                {item('theme light', ['theme'], <Sun aria-hidden />, `${say('theme')}: ${say('light')}`, () => setLook({ theme: 'light' }))}
                {item('theme dark', ['theme'], <Moon aria-hidden />, `${say('theme')}: ${say('dark')}`, () => setLook({ theme: 'dark' }))}
                {(Object.keys(languages) as Language[]).map((code) => item(`lang ${code}`, ['lang', 'language', 'idioma'], <Languages aria-hidden />, languages[code], () => setLook({ lang: code })))}
                {item('sign out', ['logout'], <LogOut aria-hidden />, say('signOut'), () => void signOut())}
              </Command.Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
};
