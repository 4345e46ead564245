import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { SlidersHorizontal } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text, whole } from '~/app/search.ts';

export const settingsTabs = ['values', 'history', 'notifications'] as const;
export const scopes = ['tenant', 'installation'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/settings', validateSearch: search({ tab: oneOf(settingsTabs), scope: oneOf(scopes), by: text, from: whole, to: whole, whose: oneOf(['me', 'tenant']) }), component: lazyRouteComponent(() => import('./Settings.tsx'), 'Settings') });

export const nav: readonly NavItem[] = [{ to: '/settings', group: 'admin', icon: SlidersHorizontal, key: 'o', label: { en: 'Settings', es: 'Ajustes' }, keywords: ['budget', 'limits', 'residency', 'notifications', 'quiet hours', 'presupuesto', 'notificaciones', 'horas de silencio'] }];
