import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { House } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

export const route = createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('./Home.tsx'), 'Home') });

export const nav: readonly NavItem[] = [{ to: '/', group: 'work', icon: House, key: 'h', label: { en: 'Home', es: 'Inicio' }, keywords: ['start', 'needs you', 'inicio'] }];
