import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { GraduationCap } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';

export const route = createRoute({ getParentRoute: () => root, path: '/training', component: lazyRouteComponent(() => import('./Training.tsx'), 'Training') });

export const nav: readonly NavItem[] = [{ to: '/training', group: 'admin', icon: GraduationCap, label: { en: 'Training lock', es: 'Bloqueo de entrenamiento' }, keywords: ['tuning', 'hold', 'maintenance', 'entrenar'] }];
