import { words } from '~/i18n/words.ts';

export const useStopWords = words(
  'stop',
  {
    title: 'Kill switch', hint: 'One key stops, two release. What runs is cut; what was said is kept.', scope: 'What to stop', tenant: 'This tenant', platform: 'The whole platform', persona: 'One persona', capsule: 'One capsule', tool: 'One tool', target: 'Its id', reason: 'Reason', reasonHint: 'Everybody who is refused reads it.', engage: 'Stop', typeToConfirm: 'Type {{word}} to confirm', word: 'stop',
    engaged: 'Stopped', running: 'Running', by: 'by {{who}}, {{when}}', never: 'never used', now: 'Now', release: 'Release', releaseHint: 'Somebody else who holds killswitch:engage and approval:decide must agree.', waiting: 'Waiting for the second key', ready: 'The second key is given', askAgain: 'Release now', openApproval: 'Open the approval', parts: 'Stopped parts', noParts: 'No persona, capsule or tool is stopped.', missing: 'Stopping needs the capability',
    stoppedToast: 'It is stopped', releasedToast: 'It runs again', askedRelease: '{{who}} asks to let it go on', decide: 'Read and decide', needTarget: 'Say which one.', needReason: 'Say why.',
  },
  {
    title: 'Parada de emergencia', hint: 'Una llave para, dos liberan. Lo que corre se corta; lo dicho se conserva.', scope: 'Qué parar', tenant: 'Este inquilino', platform: 'Toda la plataforma', persona: 'Una persona', capsule: 'Una cápsula', tool: 'Una herramienta', target: 'Su id', reason: 'Motivo', reasonHint: 'Lo lee todo el que sea rechazado.', engage: 'Parar', typeToConfirm: 'Escriba {{word}} para confirmar', word: 'parar',
    engaged: 'Parado', running: 'En marcha', by: 'por {{who}}, {{when}}', never: 'nunca usada', now: 'Ahora', release: 'Liberar', releaseHint: 'Otra persona con killswitch:engage y approval:decide debe estar de acuerdo.', waiting: 'Esperando la segunda llave', ready: 'La segunda llave está dada', askAgain: 'Liberar ya', openApproval: 'Abrir la aprobación', parts: 'Partes paradas', noParts: 'No hay ninguna persona, cápsula o herramienta parada.', missing: 'Para parar hace falta la capacidad',
    stoppedToast: 'Está parado', releasedToast: 'Vuelve a funcionar', askedRelease: '{{who}} pide que siga', decide: 'Leer y decidir', needTarget: 'Diga cuál.', needReason: 'Diga por qué.',
  },
);
