import { words } from './words.ts';

export const useCommon = words(
  'common',
  {
    retry: 'Try again', cancel: 'Cancel', save: 'Save', back: 'Back', open: 'Open', clear: 'Clear filters', more: 'Load more', loading: 'Loading…', unknown: 'unknown',
    traceId: 'Trace', copyTrace: 'Copy trace id', copyCurl: 'Copy as curl', copyCli: 'Copy as command', copyAs: 'Copy as…', copied: 'Copied', whatToDo: 'What to do', code: 'Code',
    forbiddenTitle: 'You may not see this', forbiddenNeeds: 'It needs the capability', forbiddenAsk: 'which you do not hold. An administrator of the tenant {{tenant}} can give it to you.',
    notFoundTitle: 'There is nothing here', notFoundText: 'No page of the console has this address.', goHome: 'Go home',
    offlineTitle: 'The server is out of reach', offlineText: 'What you see may be old. Nothing is sent until it answers again.', expiredTitle: 'You are signed out', expiredText: 'Your session is over. What you see stays; sign in to go on.',
    signIn: 'Sign in', failedTitle: 'This did not work', skip: 'Skip to the content', stepUpTitle: 'Prove your second factor', stepUpText: 'This step wants a code of the last ten minutes.', stepUpCode: 'Code of your authenticator, or a recovery code', proceed: 'Continue',
    stepUpNone: 'This step needs a second factor, and your account has none. Set one up first.', stepUpGo: 'Set up', retryAfter: 'Try again in {{seconds}} s.',
  },
  {
    retry: 'Reintentar', cancel: 'Cancelar', save: 'Guardar', back: 'Volver', open: 'Abrir', clear: 'Quitar filtros', more: 'Cargar más', loading: 'Cargando…', unknown: 'desconocido',
    traceId: 'Traza', copyTrace: 'Copiar la traza', copyCurl: 'Copiar como curl', copyCli: 'Copiar como comando', copyAs: 'Copiar como…', copied: 'Copiado', whatToDo: 'Qué hacer', code: 'Código',
    forbiddenTitle: 'No puede ver esto', forbiddenNeeds: 'Hace falta la capacidad', forbiddenAsk: 'que usted no tiene. Un administrador del inquilino {{tenant}} puede dársela.',
    notFoundTitle: 'Aquí no hay nada', notFoundText: 'Ninguna página de la consola tiene esta dirección.', goHome: 'Ir al inicio',
    offlineTitle: 'El servidor no responde', offlineText: 'Lo que ve puede ser antiguo. No se envía nada hasta que vuelva a responder.', expiredTitle: 'Su sesión ha terminado', expiredText: 'Lo que ve se queda; entre de nuevo para continuar.',
    signIn: 'Entrar', failedTitle: 'No ha funcionado', skip: 'Saltar al contenido', stepUpTitle: 'Demuestre su segundo factor', stepUpText: 'Este paso pide un código de los últimos diez minutos.', stepUpCode: 'Código de su autenticador o de recuperación', proceed: 'Continuar',
    stepUpNone: 'Este paso pide un segundo factor y su cuenta no tiene ninguno. Configúrelo antes.', stepUpGo: 'Configurar', retryAfter: 'Reintente en {{seconds}} s.',
  },
);
