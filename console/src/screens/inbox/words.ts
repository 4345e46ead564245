import { words } from '~/i18n/words.ts';

export const useInboxWords = words(
  'inbox',
  {
    title: 'Inbox', hint: 'Actions that wait for a second person’s yes.', state: 'State', all: 'All', pending: 'Waiting', approved: 'Approved', rejected: 'Rejected', expired: 'Expired', voided: 'Void', claimed: 'Done', kind: 'Kind', anyKind: 'Any kind',
    list: 'Approvals', what: 'What', who: 'Who asks', until: 'Until or ended', inJournal: 'Its lines in the audit', keys: 'Second person', first: 'Nothing waits', firstText: 'When a rule of the policy wants a second person, the exact action appears here, and in the bell.', none: 'Nothing matches these filters', pick: 'Choose one to read exactly what is asked.', expiresIn: 'expires {{when}}', expiredAt: 'ended {{when}}',
    decided: 'Decided: {{decision}}', decidedCount: '{{n}} decisions of yours in the last hour', approve: 'approved', reject: 'rejected', cannot: 'Deciding needs the capability', mine: 'yours', keyHint: 'J and K move, A approves, R rejects',
  },
  {
    title: 'Bandeja', hint: 'Acciones que esperan el sí de otra persona.', state: 'Estado', all: 'Todas', pending: 'En espera', approved: 'Aprobadas', rejected: 'Rechazadas', expired: 'Caducadas', voided: 'Nulas', claimed: 'Hechas', kind: 'Tipo', anyKind: 'Cualquier tipo',
    list: 'Aprobaciones', what: 'Qué', who: 'Quién lo pide', until: 'Hasta, o terminó', inJournal: 'Sus líneas en la auditoría', keys: 'Segunda persona', first: 'Nada espera', firstText: 'Cuando una regla de la política quiere a otra persona, la acción exacta aparece aquí y en la campana.', none: 'Nada coincide con estos filtros', pick: 'Elija una para leer exactamente qué se pide.', expiresIn: 'caduca {{when}}', expiredAt: 'terminó {{when}}',
    decided: 'Decidido: {{decision}}', decidedCount: '{{n}} decisiones suyas en la última hora', approve: 'aprobado', reject: 'rechazado', cannot: 'Para decidir hace falta la capacidad', mine: 'suya', keyHint: 'J y K mueven, A aprueba, R rechaza',
  },
);
