import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Wrench } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const toolTabs = ['adapters', 'publishers', 'register'] as const;
export const adapterParts = ['actions', 'call', 'calls', 'versions', 'secrets'] as const;
export const adapterStatuses = ['enabled', 'disabled', 'proposed', 'untrusted', 'unavailable'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/tools/{-$adapter}', validateSearch: search({ tab: oneOf(toolTabs), part: oneOf(adapterParts), q: text, status: oneOf(adapterStatuses), kind: text, action: text, call: text }), component: lazyRouteComponent(() => import('./Tools.tsx'), 'Tools'), staticData: { capability: 'tool:execute' } });

export const nav: readonly NavItem[] = [{ to: '/tools', group: 'build', icon: Wrench, key: 'f', capability: 'tool:execute', label: { en: 'Tools', es: 'Herramientas' }, keywords: ['adapters', 'functions', 'openapi', 'mcp', 'manifest', 'publishers', 'adaptadores', 'manifiesto'] }];
