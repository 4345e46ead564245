import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text, whole } from '~/app/search.ts';

export const modes = ['developer-light', 'developer-full', 'test', 'test-debug', 'production', 'production-debug'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/admin/mode', validateSearch: search({ mode: oneOf(modes), reason: text, minutes: whole }), component: lazyRouteComponent(() => import('./Mode.tsx'), 'Mode'), staticData: { capability: 'tenant:admin' } });

export const nav: readonly NavItem[] = [{ to: '/admin/mode', group: 'admin', icon: Rocket, key: 'd', capability: 'tenant:admin', label: { en: 'Deployment mode', es: 'Modo de despliegue' }, keywords: ['production', 'staging', 'test', 'debug', 'guardrails', 'go live', 'producción', 'despliegue'] }];
