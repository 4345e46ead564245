import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Workflow } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const runStatuses = ['running', 'waiting', 'compensating', 'completed', 'failed', 'cancelled'] as const;
export const runKinds = ['capsule', 'directives', 'workflow'] as const;
export const runTabs = ['timeline', 'graph', 'history', 'about'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/workflows/{-$run}', validateSearch: search({ status: oneOf(runStatuses), capsule: text, kind: oneOf(runKinds), start: text, tab: oneOf(runTabs), step: text }), component: lazyRouteComponent(() => import('./Workflows.tsx'), 'Workflows'), staticData: { capability: 'run:read', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/workflows', group: 'build', icon: Workflow, key: 'w', capability: 'run:read', label: { en: 'Workflows', es: 'Flujos' }, keywords: ['runs', 'capsule', 'mao', 'signal', 'retry', 'fork', 'ejecuciones', 'cápsula'] }];
