import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Inbox } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const approvalStates = ['pending', 'approved', 'rejected', 'expired', 'voided', 'claimed'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/inbox', validateSearch: search({ state: oneOf([...approvalStates, 'all']), kind: text, id: text }), component: lazyRouteComponent(() => import('./Inbox.tsx'), 'InboxScreen'), staticData: { wide: true } });

export const nav: readonly NavItem[] = [{ to: '/inbox', group: 'work', icon: Inbox, key: 'i', label: { en: 'Inbox', es: 'Bandeja' }, keywords: ['approvals', 'approve', 'two keys', 'aprobar', 'aprobaciones'] }];
