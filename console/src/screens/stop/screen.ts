import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { OctagonX } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

export const route = createRoute({ getParentRoute: () => root, path: '/stop', component: lazyRouteComponent(() => import('./Stop.tsx'), 'Stop') });

export const nav: readonly NavItem[] = [{ to: '/stop', group: 'govern', icon: OctagonX, key: 'x', label: { en: 'Kill switch', es: 'Parada de emergencia' }, keywords: ['kill', 'stop', 'emergency', 'halt', 'parar'] }];
