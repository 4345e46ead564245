import { Banner, Button, Menu, StatusLed } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Outlet, useMatches, useNavigate } from '@tanstack/react-router';
import { LogOut, Menu as MenuIcon, Search, ShieldCheck, SlidersHorizontal } from 'lucide-react';
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import { leaveToSignIn } from '~/auth/oidc.ts';
import { signOut, useSession } from '~/auth/session.ts';
import { useCommon } from '~/i18n/common.ts';
import { languages, useLanguage, type Language } from '~/i18n/words.ts';
import { aheadMs, noticeMs, onAhead } from './clock.ts';
import { Forbidden } from './Failure.tsx';
import { useKeys } from './keys.ts';
import { setLook, useLook, type Theme } from './look.ts';
import { ModeChip } from './ModeChip.tsx';
import { navFor } from './nav.ts';
import { patiently } from './patiently.ts';
import { healthQuery, killSwitchQuery, meQuery } from './queries.ts';
import { Rail } from './Rail.tsx';
import { useReached } from './reach.ts';
import { useShellWords } from './shellWords.ts';
import { Tray } from './Tray.tsx';

const minuteMs = 60_000;
const Palette = lazy(async () => ({ default: (await patiently(() => import('./Palette.tsx'))).Palette }));
const KeySheet = lazy(async () => ({ default: (await patiently(() => import('./KeySheet.tsx'))).KeySheet }));

/** What concerns every page: out of reach, signed out, stopped, a clock that is wrong. */
const Banners = () => {
  const common = useCommon();
  const say = useShellWords();
  const session = useSession();
  const reached = useReached();
  const stop = useQuery(killSwitchQuery);
  const lang = useLanguage();
  const ahead = useSyncExternalStore(onAhead, aheadMs);
  const minutes = new Intl.NumberFormat(lang, { style: 'unit', unit: 'minute', unitDisplay: 'long', maximumFractionDigits: 0 }).format(Math.round(Math.abs(ahead) / minuteMs));
  const stopped = [stop.data?.platform, stop.data?.tenant].find((one) => one?.engaged);
  return (
    <>
      {session.kind === 'out' ? <Banner tone="warn" title={common('expiredTitle')} className="rounded-none border-x-0" action={<Button size="sm" onClick={() => void leaveToSignIn(location.pathname + location.search)}>{common('signIn')}</Button>}>{common('expiredText')}</Banner> : null}
      {reached ? null : <Banner tone="warn" title={common('offlineTitle')} className="rounded-none border-x-0">{common('offlineText')}</Banner>}
      {Math.abs(ahead) >= noticeMs ? <Banner tone="warn" title={say(ahead > 0 ? 'clockAhead' : 'clockBehind', { minutes })} className="rounded-none border-x-0">{say('clockText')}</Banner> : null}
      {stopped ? <Banner tone="stop" title={say('stopped')} className="rounded-none border-x-0">{stopped.reason} · {stopped.changed_by}</Banner> : null}
    </>
  );
};

const UserMenu = () => {
  const say = useShellWords();
  const me = useSuspenseQuery(meQuery).data;
  const look = useLook();
  const go = useNavigate();
  const themes: Theme[] = ['system', 'light', 'dark'];
  return (
    <Menu
      trigger={<Button look="quiet" className="max-w-52 justify-start gap-2 px-2"><span className="sr-only">{say('account')}: </span><span aria-hidden className="flex size-6 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent">{me.display_name.slice(0, 1).toUpperCase()}</span><span className="truncate max-sm:sr-only">{me.display_name}</span></Button>}
      items={[
        { id: 'who', heading: `${me.principal} · ${me.tenant}` },
        { id: 'setup', label: say('security'), icon: <ShieldCheck aria-hidden />, onSelect: () => void go({ to: '/setup' }) },
        { id: 'theme', heading: say('theme') },
        ...themes.map((theme) => ({ id: theme, label: say(theme), checked: look.theme === theme, onSelect: () => setLook({ theme }) })),
        { id: 'contrast', label: say('contrast'), checked: look.contrast === 'high', onSelect: () => setLook({ contrast: look.contrast === 'high' ? 'normal' : 'high' }) },
        { id: 'language', heading: say('language') },
        ...(Object.keys(languages) as Language[]).map((lang) => ({ id: lang, label: languages[lang], checked: look.lang === lang, onSelect: () => setLook({ lang }) })),
        { id: 'keys-title', heading: say('keyboard') },
        { id: 'keys', label: say('singleKeys'), checked: look.keys, icon: <SlidersHorizontal aria-hidden />, onSelect: () => setLook({ keys: !look.keys }) },
        { id: 'out', label: say('signOut'), icon: <LogOut aria-hidden />, onSelect: () => void signOut() },
      ]}
    />
  );
};

export const Shell = () => {
  const say = useShellWords();
  const common = useCommon();
  const me = useSuspenseQuery(meQuery).data;
  const health = useQuery(healthQuery);
  const go = useNavigate();
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);
  const [rail, setRail] = useState(false);
  const here = useMatches({ select: (matches) => matches.at(-1) });
  const items = navFor(me.capabilities);
  const missing = here?.staticData.capability && !me.capabilities.includes(here.staticData.capability) ? here.staticData.capability : null;
  useKeys({ '?': () => setSheet(true), '/': () => setPalette(true), ...Object.fromEntries(items.flatMap((item) => (item.key ? [[`g ${item.key}`, () => void go({ to: item.to })]] : []))) });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setPalette((open) => !open);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  useEffect(() => setRail(false), [here?.pathname]);
  return (
    <div className="flex h-dvh flex-col bg-bg">
      <a href="#content" className="skip-link z-50 rounded-md bg-primary px-3 py-2 text-on-primary">{common('skip')}</a>
      <Banners />
      <div className="flex min-h-0 flex-1">
        <Rail items={items} open={rail} onClose={() => setRail(false)} onPalette={() => setPalette(true)} foot={<StatusLed state={health.data ? (health.data.status === 'ok' ? 'ok' : health.data.status === 'degraded' ? 'degraded' : 'down') : 'unknown'} label={say('server')} />} />
        <div className="flex min-w-0 flex-1 flex-col">
          <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface px-3">
            <Button look="quiet" size="icon" className="md:hidden" aria-label={say('menu')} aria-expanded={rail} onClick={() => setRail(true)}><MenuIcon aria-hidden className="size-4" /></Button>
            <Button look="quiet" size="icon" className="md:hidden" aria-label={say('goTo')} onClick={() => setPalette(true)}><Search aria-hidden className="size-4" /></Button>
            <div className="ms-auto flex items-center gap-2"><ModeChip /><Tray /><UserMenu /></div>
          </header>
          <main id="content" tabIndex={-1} className={here?.staticData.wide ? 'flex min-h-0 flex-1 flex-col' : 'min-h-0 flex-1 overflow-y-auto'}>
            {missing ? <Forbidden capability={missing} tenant={me.tenant} /> : <Suspense fallback={<p role="status" className="p-6 text-muted">{common('loading')}</p>}><Outlet /></Suspense>}
          </main>
        </div>
      </div>
      <Suspense>{palette ? <Palette open onOpenChange={setPalette} items={items} /> : null}{sheet ? <KeySheet open onOpenChange={setSheet} items={items} /> : null}</Suspense>
    </div>
  );
};
