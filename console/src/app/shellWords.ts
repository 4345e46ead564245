import { words } from '~/i18n/words.ts';

export const useShellWords = words(
  'shell',
  {
    goTo: 'Go to…', menu: 'Menu', places: 'Places', account: 'Account', security: 'Password and second factor', theme: 'Theme', system: 'As the system', light: 'Light', dark: 'Dark', contrast: 'High contrast', language: 'Language', keyboard: 'Keyboard',
    singleKeys: 'Single-key shortcuts', signOut: 'Sign out', server: 'Server', stopped: 'Everything is stopped.', clockAhead: 'This device’s clock is {{minutes}} ahead of the server’s', clockBehind: 'This device’s clock is {{minutes}} behind the server’s', clockText: 'What ends and how old something is follow the server’s clock. Set this one right: codes of an authenticator depend on it.', mode: 'Deployment mode', docs: 'API reference', close: 'Close', recent: 'Recent conversations', commands: 'Commands', newChat: 'New conversation', noMatch: 'Nothing matches.',
    keysTitle: 'Keys', keysPlaces: 'Places', keysLists: 'Lists', next: 'Next row', previous: 'Previous row', openRow: 'Open', closeAny: 'Close', thisSheet: 'This list', palette: 'Go to anything', waits: 'waits for your decision', asks: '{{who}} asks', allInbox: 'Open the inbox', approveKey: 'Approve, in the inbox', rejectKey: 'Reject, in the inbox', sendKey: 'Send a message',
  },
  {
    goTo: 'Ir a…', menu: 'Menú', places: 'Lugares', account: 'Cuenta', security: 'Contraseña y segundo factor', theme: 'Tema', system: 'Como el sistema', light: 'Claro', dark: 'Oscuro', contrast: 'Alto contraste', language: 'Idioma', keyboard: 'Teclado',
    singleKeys: 'Atajos de una tecla', signOut: 'Salir', server: 'Servidor', stopped: 'Todo está parado.', clockAhead: 'El reloj de este equipo va {{minutes}} por delante del del servidor', clockBehind: 'El reloj de este equipo va {{minutes}} por detrás del del servidor', clockText: 'Los vencimientos y las antigüedades siguen el reloj del servidor. Ponga este en hora: de él dependen los códigos del autenticador.', mode: 'Modo de despliegue', docs: 'Referencia de la API', close: 'Cerrar', recent: 'Conversaciones recientes', commands: 'Órdenes', newChat: 'Conversación nueva', noMatch: 'Nada coincide.',
    keysTitle: 'Teclas', keysPlaces: 'Lugares', keysLists: 'Listas', next: 'Fila siguiente', previous: 'Fila anterior', openRow: 'Abrir', closeAny: 'Cerrar', thisSheet: 'Esta lista', palette: 'Ir a cualquier sitio', waits: 'espera su decisión', asks: 'Lo pide {{who}}', allInbox: 'Abrir la bandeja', approveKey: 'Aprobar, en la bandeja', rejectKey: 'Rechazar, en la bandeja', sendKey: 'Enviar un mensaje',
  },
);
