import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Inbox } from 'lucide-react';
import { z } from 'zod';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

export const approvalStates = ['pending', 'approved', 'rejected', 'expired', 'voided', 'claimed'] as const;

const search = z.object({ state: z.enum([...approvalStates, 'all']).optional().catch(undefined), kind: z.string().optional().catch(undefined), id: z.string().optional().catch(undefined) });

export const route = createRoute({ getParentRoute: () => root, path: '/inbox', validateSearch: search, component: lazyRouteComponent(() => import('./Inbox.tsx'), 'InboxScreen'), staticData: { wide: true } });

export const nav: readonly NavItem[] = [{ to: '/inbox', group: 'work', icon: Inbox, key: 'i', label: { en: 'Inbox', es: 'Bandeja' }, keywords: ['approvals', 'approve', 'two keys', 'aprobar', 'aprobaciones'] }];
