import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { Scale } from 'lucide-react';
import type { NavItem } from '~/app/nav.ts';
import { root } from '~/app/root.tsx';
import { oneOf, search, text, whole } from '~/app/search.ts';

export const policyTabs = ['rules', 'weights', 'moderation', 'strikes', 'simulator', 'versions'] as const;
export const severities = ['low', 'medium', 'high'] as const;
export const stages = ['input', 'tool_result', 'memory', 'output'] as const;
export const effects = ['deny', 'needs_approval', 'allow'] as const;

export const route = createRoute({ getParentRoute: () => root, path: '/policies', validateSearch: search({ tab: oneOf(policyTabs), q: text, effect: oneOf(effects), kind: text, rule: text, level: oneOf(severities), stage: oneOf(stages), principal: text, appeals: oneOf(['all'] as const), last: whole, version: whole, from: whole, to: whole }), component: lazyRouteComponent(() => import('./Policies.tsx'), 'Policies'), staticData: { capability: 'policy:read' } });

export const nav: readonly NavItem[] = [{ to: '/policies', group: 'govern', icon: Scale, key: 'p', capability: 'policy:read', label: { en: 'Policies', es: 'Políticas' }, keywords: ['rules', 'weights', 'simulate', 'cel', 'conditions', 'moderation', 'strikes', 'appeals', 'locked', 'reglas', 'pesos', 'simular', 'moderación', 'faltas', 'apelaciones'] }];
