import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Cpu } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const modelTabs = ['providers', 'profiles', 'test', 'prices'] as const;
export const windows = ['1d', '7d', '30d', '90d'] as const;

const capability = 'inference:invoke';

export const route = createRoute({
  getParentRoute: () => root, path: '/models', validateSearch: search({ tab: oneOf(modelTabs), window: oneOf(windows), model: text, role: text, provider: text, find: text, price: text }),
  component: lazyRouteComponent(() => import('./Models.tsx'), 'Models'), staticData: { capability, wide: true },
});

export const nav: readonly NavItem[] = [{ to: '/models', group: 'admin', icon: Cpu, key: 'l', capability, label: { en: 'Models & providers', es: 'Modelos y proveedores' }, keywords: ['model', 'provider', 'profile', 'price', 'latency', 'refusals', 'breaker', 'modelo', 'precio', 'latencia'] }];
