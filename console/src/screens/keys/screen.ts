import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { KeyRound } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const keyStates = ['active', 'expired', 'revoked'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/keys', validateSearch: search({ state: oneOf(keyStates), principal: text, id: text }), component: lazyRouteComponent(() => import('./Keys.tsx'), 'Keys'), staticData: { capability: 'tenant:admin', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/keys', group: 'admin', icon: KeyRound, key: 'k', capability: 'tenant:admin', label: { en: 'API keys', es: 'Llaves de API' }, keywords: ['tokens', 'scim', 'scopes', 'rotate', 'llaves', 'rotar'] }];
