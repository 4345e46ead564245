import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Brain } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { flag, oneOf, search, text, whole } from '~/app/search.ts';

export const memoryTabs = ['recall', 'items', 'working', 'buffer'] as const;
export const memoryKinds = ['episode', 'fact', 'document', 'summary', 'procedure'] as const;
export const bufferStates = ['queued', 'dead', 'done'] as const;

const capability = 'memory:read';

/** `/memory` is an address of the API, so the screen has its own. */
export const route = createRoute({
  getParentRoute: () => root, path: '/memories',
  validateSearch: search({ tab: oneOf(memoryTabs), q: text, namespace: text, kind: text, universe: text, tags: text, as_of: text, limit: whole, superseded: flag, find: text, id: text, session: text, state: oneOf(bufferStates) }),
  component: lazyRouteComponent(() => import('./Memory.tsx'), 'Memory'), staticData: { capability, wide: true },
});

export const nav: readonly NavItem[] = [{ to: '/memories', group: 'memory', icon: Brain, key: 'm', capability, label: { en: 'Memory', es: 'Memoria' }, keywords: ['recall', 'remember', 'erase', 'forget', 'working memory', 'buffer', 'recuerdos', 'olvidar', 'borrar'] }];
