import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Receipt } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const usageTabs = ['spend', 'limits', 'forecast', 'ledger', 'anomalies'] as const;
export const groups = ['model', 'principal', 'key'] as const;
export const spans = ['7d', '14d', '30d'] as const;

const capability = 'billing:read';

export const route = createRoute({
  getParentRoute: () => root, path: '/usage', validateSearch: search({ tab: oneOf(usageTabs), by: oneOf(groups), span: oneOf(spans), account: text, model: text, reason: text, entry: text }),
  component: lazyRouteComponent(() => import('./Usage.tsx'), 'Usage'), staticData: { capability, wide: true },
});

export const nav: readonly NavItem[] = [{ to: '/usage', group: 'observe', icon: Receipt, key: 'e', capability, label: { en: 'Usage', es: 'Consumo' }, keywords: ['billing', 'spend', 'cost', 'budget', 'limit', 'ledger', 'forecast', 'gasto', 'presupuesto', 'límite'] }];
