import { words } from '~/i18n/words.ts';

export const useNoticeWords = words(
  'notices',
  {
    all: 'All', waiting: 'Action required', systems: 'Systems', open: 'See all notifications', noneAll: 'Nothing new.', noneWaiting: 'Nothing waits for you.', noneSystems: 'Nothing from the systems.', polling: 'Not connected; asking every few seconds.',
    hour: 'For an hour', tomorrow: 'Until tomorrow, 9:00', monday: 'Until Monday, 9:00', info: 'info', warning: 'warning', error: 'error', critical: 'critical', settings: 'Preferences', times: '{{n}} times',
  },
  {
    all: 'Todos', waiting: 'Hay que actuar', systems: 'Sistemas', open: 'Ver todos los avisos', noneAll: 'Nada nuevo.', noneWaiting: 'Nada le espera.', noneSystems: 'Nada de los sistemas.', polling: 'Sin conexión directa; se pregunta cada pocos segundos.',
    hour: 'Una hora', tomorrow: 'Hasta mañana a las 9:00', monday: 'Hasta el lunes a las 9:00', info: 'información', warning: 'atención', error: 'error', critical: 'crítico', settings: 'Preferencias', times: '{{n}} veces',
  },
);

export const toneOf = { info: 'neutral', warning: 'warn', error: 'bad', critical: 'bad' } as const;
export type Severity = keyof typeof toneOf;
