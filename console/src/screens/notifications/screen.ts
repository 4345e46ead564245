import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Bell } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text } from '~/app/search.ts';

export const notificationTabs = ['inbox', 'preferences', 'webhooks', 'deliveries'] as const;
export const states = ['unread', 'attention', 'read', 'acknowledged', 'snoozed', 'muted', 'all'] as const;
export const severities = ['info', 'warning', 'error', 'critical'] as const;
export const kinds = ['alert', 'review', 'success', 'budget'] as const;
export const channels = ['in_app', 'email', 'sms', 'webhook'] as const;
export const deliveryStates = ['waiting', 'running', 'delivered', 'refused', 'dead', 'cancelled'] as const;

export const route = createRoute({
  getParentRoute: () => root, path: '/notifications',
  validateSearch: search({ tab: oneOf(notificationTabs), state: oneOf(states), severity: oneOf(severities), kind: oneOf(kinds), group: text, id: text, sent: oneOf(deliveryStates), channel: oneOf(channels), target: text, delivery: text }),
  component: lazyRouteComponent(() => import('./Notifications.tsx'), 'Notifications'), staticData: { wide: true },
});

export const nav: readonly NavItem[] = [{ to: '/notifications', group: 'work', icon: Bell, key: 'n', label: { en: 'Notifications', es: 'Avisos' }, keywords: ['bell', 'alerts', 'preferences', 'quiet hours', 'digest', 'webhook', 'e-mail', 'deliveries', 'mute', 'snooze', 'campana', 'horas tranquilas', 'correo', 'entregas'] }];
