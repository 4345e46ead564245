import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

export const route = createRoute({ getParentRoute: () => root, path: '/setup', component: lazyRouteComponent(() => import('./Setup.tsx'), 'Setup') });

/** Reached from the account's menu and from home. */
export const nav: readonly NavItem[] = [];
