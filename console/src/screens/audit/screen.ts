import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import { z } from 'zod';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

const search = z.object({ type: z.string().optional().catch(undefined), actor: z.string().optional().catch(undefined), q: z.string().optional().catch(undefined), position: z.number().int().optional().catch(undefined) });

export const route = createRoute({ getParentRoute: () => root, path: '/audit', validateSearch: search, component: lazyRouteComponent(() => import('./Audit.tsx'), 'Audit'), staticData: { capability: 'audit:read', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/audit', group: 'govern', icon: ScrollText, key: 'a', capability: 'audit:read', label: { en: 'Audit', es: 'Auditoría' }, keywords: ['journal', 'log', 'seal', 'merkle', 'proof', 'diario'] }];
