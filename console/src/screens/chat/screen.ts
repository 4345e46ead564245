import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { MessagesSquare } from 'lucide-react';
import { z } from 'zod';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

export const chatTabs = ['trace', 'thought', 'memory', 'policy', 'cost'] as const;

const search = z.object({ tab: z.enum(chatTabs).optional().catch(undefined), turn: z.string().optional().catch(undefined), persona: z.string().optional().catch(undefined), q: z.string().optional().catch(undefined) });

export const route = createRoute({ getParentRoute: () => root, path: '/chat/{-$session}', validateSearch: search, component: lazyRouteComponent(() => import('./Chat.tsx'), 'Chat'), staticData: { capability: 'session:read', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/chat', group: 'work', icon: MessagesSquare, key: 'c', capability: 'session:read', label: { en: 'Chat', es: 'Conversar' }, keywords: ['ask', 'session', 'thread', 'persona', 'preguntar'] }];
