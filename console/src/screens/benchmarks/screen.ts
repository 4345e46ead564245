import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Gauge } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text, whole } from '~/app/search.ts';

export const benchmarkTabs = ['scores', 'runs', 'suggestions', 'capsules'] as const;
export const suggestionStates = ['open', 'accepted', 'rejected'] as const;

const capability = 'benchmark:read';

export const route = createRoute({
  getParentRoute: () => root, path: '/benchmarks', validateSearch: search({ tab: oneOf(benchmarkTabs), task: text, model: text, days: whole, score: text, run: text, status: text }),
  component: lazyRouteComponent(() => import('./Benchmarks.tsx'), 'Benchmarks'), staticData: { capability, wide: true },
});

export const nav: readonly NavItem[] = [{ to: '/benchmarks', group: 'observe', icon: Gauge, key: 'b', capability, label: { en: 'Benchmarks', es: 'Mediciones' }, keywords: ['score', 'quality', 'run', 'promote', 'suggestion', 'puntuación', 'calidad'] }];
