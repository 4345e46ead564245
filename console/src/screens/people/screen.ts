import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Users } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const peopleTabs = ['users', 'invitations', 'roles'] as const;
export const kinds = ['user', 'service'] as const;
export const invitationStates = ['open', 'accepted', 'revoked', 'expired'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/users', validateSearch: search({ tab: oneOf(peopleTabs), kind: oneOf(kinds), active: oneOf(['yes', 'no']), role: text, q: text, id: text, state: oneOf(invitationStates), name: text }), component: lazyRouteComponent(() => import('./People.tsx'), 'People'), staticData: { capability: 'tenant:admin', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/users', group: 'admin', icon: Users, key: 'u', capability: 'tenant:admin', label: { en: 'Users and roles', es: 'Usuarios y roles' }, keywords: ['people', 'invite', 'invitations', 'roles', 'capabilities', 'usuarios', 'invitar'] }];
