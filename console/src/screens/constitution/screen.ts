import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Landmark } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text, whole } from '~/app/search.ts';

export const constitutionTabs = ['text', 'proof', 'versions', 'load', 'overlay'] as const;
export const scopes = ['tenant', 'installation'] as const;
export const versionStates = ['active', 'candidate', 'superseded'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/constitution', validateSearch: search({ tab: oneOf(constitutionTabs), scope: oneOf(scopes), state: oneOf(versionStates), q: text, from: whole, to: whole }), component: lazyRouteComponent(() => import('./Constitution.tsx'), 'Constitution'), staticData: { capability: 'constitution:read' } });

export const nav: readonly NavItem[] = [{ to: '/constitution', group: 'govern', icon: Landmark, key: 'r', capability: 'constitution:read', label: { en: 'Constitution', es: 'Constitución' }, keywords: ['principles', 'signature', 'overlay', 'hash', 'principios', 'firma'] }];
