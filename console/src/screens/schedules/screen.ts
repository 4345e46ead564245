import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { CalendarClock } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const scheduleTabs = ['schedules', 'templates'] as const;
export const scheduleStates = ['active', 'paused'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/schedules', validateSearch: search({ tab: oneOf(scheduleTabs), q: text, state: oneOf(scheduleStates), id: text, edit: text, template: text }), component: lazyRouteComponent(() => import('./Schedules.tsx'), 'Schedules'), staticData: { capability: 'run:read' } });

export const nav: readonly NavItem[] = [{ to: '/schedules', group: 'build', icon: CalendarClock, key: 'j', capability: 'run:read', label: { en: 'Schedules', es: 'Horarios' }, keywords: ['cron', 'jobs', 'templates', 'backfill', 'plantillas', 'programar'] }];
