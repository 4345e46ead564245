import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { MessagesSquare } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const chatTabs = ['trace', 'thought', 'memory', 'policy', 'cost'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/chat/{-$session}', validateSearch: search({ tab: oneOf(chatTabs), turn: text, branch: text, persona: text, q: text }), component: lazyRouteComponent(() => import('./Chat.tsx'), 'Chat'), staticData: { capability: 'session:read', wide: true } });

export const nav: readonly NavItem[] = [{ to: '/chat', group: 'work', icon: MessagesSquare, key: 'c', capability: 'session:read', label: { en: 'Chat', es: 'Conversar' }, keywords: ['ask', 'session', 'thread', 'persona', 'preguntar'] }];
