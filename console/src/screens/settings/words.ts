import { words } from '~/i18n/words.ts';

export const useSettingsWords = words(
  'settings',
  {
    title: 'Settings', hint: 'What this tenant may use and where, and how you hear of things.', values: 'Values', history: 'History', notifications: 'Notifications', scope: 'Whose', tenant: 'This tenant’s', installation: 'The installation’s defaults', installationHint: 'These hold for every tenant that has set none of its own.', version: 'version {{n}}', from_tenant: 'set by this tenant', from_installation: 'from the installation', from_default: 'default', sourceUnknown: 'unknown: the server does not say where it comes from', nothing: 'not set', save: 'Save', saved: 'Saved', reset: 'As it was', risky: 'Raising the daily budget above 1000 US dollars, clearing residency and adding a region are asked of the gate first; a second person may have to agree.',
    by: 'By', anybody: 'Anybody', noHistory: 'Nothing was changed yet', noHistoryText: 'The defaults hold. Each change becomes a version that can come back.', noMatch: 'Nothing matches these filters', holds: 'holds', restoredFrom: 'back to {{n}}', whoUnknown: 'made before a history was kept; the journal knows', restore: 'Restore', compare: 'Compare', from: 'From', to: 'To', defaults: 'the defaults',
    whose: 'Whose', mine: 'My own', ofTenant: 'The tenant’s',
  },
  {
    title: 'Ajustes', hint: 'Qué puede usar este inquilino y dónde, y cómo se entera usted.', values: 'Valores', history: 'Historia', notifications: 'Notificaciones', scope: 'De quién', tenant: 'De este inquilino', installation: 'De la instalación, por omisión', installationHint: 'Valen para cada inquilino que no ha puesto los suyos.', version: 'versión {{n}}', from_tenant: 'puesto por este inquilino', from_installation: 'de la instalación', from_default: 'por omisión', sourceUnknown: 'desconocido: el servidor no dice de dónde viene', nothing: 'sin poner', save: 'Guardar', saved: 'Guardado', reset: 'Como estaba', risky: 'Subir el presupuesto diario por encima de 1000 dólares, quitar la residencia y añadir una región se preguntan antes a la puerta; puede que otra persona tenga que aceptarlo.',
    by: 'Por', anybody: 'Cualquiera', noHistory: 'Aún no se ha cambiado nada', noHistoryText: 'Valen los valores por omisión. Cada cambio es una versión que puede volver.', noMatch: 'Nada coincide con estos filtros', holds: 'vale', restoredFrom: 'vuelta a {{n}}', whoUnknown: 'hecho antes de guardar historia; el diario lo sabe', restore: 'Restaurar', compare: 'Comparar', from: 'Desde', to: 'Hasta', defaults: 'por omisión',
    whose: 'De quién', mine: 'Las mías', ofTenant: 'Las del inquilino',
  },
);
