import type { LucideIcon } from 'lucide-react';
import { screens } from '~/screens/index.ts';

export type NavGroup = 'work' | 'build' | 'memory' | 'observe' | 'govern' | 'admin';

/** One place of the console: the rail, the palette, the keys and the rights all read this. */
export type NavItem = {
  to: string;
  group: NavGroup;
  icon: LucideIcon;
  /** After `g`. */
  key?: string;
  /** Without it the place is not shown, and its address answers with the name of what is missing. */
  capability?: string;
  label: { en: string; es: string };
  /** More words by which the palette finds it, in any language. */
  keywords: readonly string[];
};

export const navGroups: readonly { id: NavGroup; label: { en: string; es: string } }[] = [
  { id: 'work', label: { en: 'Work', es: 'Trabajo' } },
  { id: 'build', label: { en: 'Build', es: 'Construir' } },
  { id: 'memory', label: { en: 'Memory', es: 'Memoria' } },
  { id: 'observe', label: { en: 'Observe', es: 'Observar' } },
  { id: 'govern', label: { en: 'Govern', es: 'Gobernar' } },
  { id: 'admin', label: { en: 'Administer', es: 'Administrar' } },
];

export const navFor = (capabilities: readonly string[]) => screens.flatMap((screen) => screen.nav ?? []).filter((item) => !item.capability || capabilities.includes(item.capability));
