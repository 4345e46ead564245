import type { UixText } from '@somastack/uix';

/** What the components of @somastack/uix say by themselves. */
export const spanishUix: UixText = {
  close: 'Cerrar', copied: 'Copiado', copy: 'Copiar', asOf: 'a las {{time}}', estimate: 'estimado', unknown: 'desconocido', loading: 'Cargando…', stale: 'antiguo',
  ledOk: 'Bien', ledDegraded: 'Con problemas', ledDown: 'Caído', ledUnknown: 'Desconocido', approve: 'Aprobar', reject: 'Rechazar', why: 'Motivo', whyPlaceholder: '¿Por qué? Se guarda con la decisión.',
  whyNeeded: 'Diga por qué: la otra persona lo lee.', asksFor: '{{who}} pide', exactArguments: 'Argumentos exactos', reasons: 'Por qué se pregunta a otra persona', keyPolicy: 'Política', keyPerson: 'Segunda persona',
  keyOpen: 'pendiente', keyTurned: 'dada', keyRefused: 'rechazada', needs: 'Necesita', secondFactor: 'un segundo factor reciente', expires: 'caduca {{time}}', expired: 'caducada', digest: 'Huella',
  ownRequest: 'Usted lo pidió, así que decide otra persona.', notifications: 'Avisos', noNotifications: 'Nada nuevo.', markRead: 'Marcar como leído', noticesWait: '{{n}} le esperan', noticesUnread: '{{n}} sin leer', noticeWaits: 'le espera', noticeUnread: 'sin leer', acknowledge: 'Me encargo', snooze: 'Aplazar', toolArguments: 'Argumentos', toolResult: 'Resultado', you: 'Usted',
  toolQueued: 'En cola', toolPending: 'Pendiente', toolRunning: 'En marcha', toolAsking: 'Pregunta antes', toolAnswered: 'Respondida', toolDone: 'Hecho', toolFailed: 'Falló', toolDenied: 'Denegada', toolCancelled: 'Cancelada', toolUnknown: 'Resultado desconocido',
  citation: 'Cita {{n}}', rows: '{{n}} filas', oneRow: '1 fila', dismiss: 'Descartar', play: 'Reproducir', pause: 'Pausa', waveform: 'Forma de onda',
  stepPending: 'Pendiente', stepRunning: 'En marcha', stepWaiting: 'En espera', stepRetrying: 'Reintentando', stepCompleted: 'Completado', stepSkipped: 'Omitido', stepFailed: 'Falló', stepCancelled: 'Cancelado', stepCompensated: 'Deshecho', stepAfter: 'tras {{names}}', stepFirst: 'empieza enseguida', attempts: '{{n}} intentos',
};
