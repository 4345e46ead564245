import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Building2 } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const route = createRoute({ getParentRoute: () => root, path: '/tenants', validateSearch: search({ q: text, active: oneOf(['yes', 'no']), id: text }), component: lazyRouteComponent(() => import('./Tenants.tsx'), 'Tenants'), staticData: { capability: 'platform:admin', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/tenants', group: 'admin', icon: Building2, key: 't', capability: 'platform:admin', label: { en: 'Tenants', es: 'Inquilinos' }, keywords: ['organisations', 'customers', 'organizaciones'] }];
