import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Radar } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { flag, oneOf, search } from '~/app/search.ts';

export const pages = ['board', 'numbers', 'charts', 'anomalies'] as const;

/** Everybody may look; a tile whose right is missing says so. */
export const route = createRoute({ getParentRoute: () => root, path: '/sight', validateSearch: search({ kiosk: flag, page: oneOf(pages) }), component: lazyRouteComponent(() => import('./Sight.tsx'), 'Sight') });

export const nav: readonly NavItem[] = [{ to: '/sight', group: 'observe', icon: Radar, key: 's', label: { en: 'Agent One Sight', es: 'Agent One Sight' }, keywords: ['dashboard', 'health', 'status', 'led', 'kpi', 'kiosk', 'anomaly', 'tablero', 'salud', 'estado'] }];
