import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { search, text, whole } from '~/app/search.ts';

export const route = createRoute({ getParentRoute: () => root, path: '/audit', validateSearch: search({ type: text, actor: text, q: text, position: whole }), component: lazyRouteComponent(() => import('./Audit.tsx'), 'Audit'), staticData: { capability: 'audit:read', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/audit', group: 'govern', icon: ScrollText, key: 'a', capability: 'audit:read', label: { en: 'Audit', es: 'Auditoría' }, keywords: ['journal', 'log', 'seal', 'merkle', 'proof', 'diario'] }];
