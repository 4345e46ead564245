import { words } from '~/i18n/words.ts';

export const useHomeWords = words(
  'home',
  {
    hello: 'Hello, {{name}}', needsYou: 'Needs you', nothing: 'Nothing needs you', nothingText: 'Approvals that wait for your decision appear here.', asks: '{{who}} asks · {{when}}', mine: 'You wait for', mineText: 'Your own requests that somebody else decides.', recent: 'Your conversations', noRecent: 'No conversations yet', all: 'All', newChat: 'New conversation', ask: 'Ask something…', send: 'Ask',
    waiting: 'Waiting approvals', conversations: 'Your last conversation', memory: 'Index behind memory', constitution: 'Constitution version', noRight: 'you do not hold {{capability}}', failed: 'could not be read', none: 'none yet', setupTitle: 'Finish setting up', setupText: '{{n}} of {{total}} steps are done.', setupGo: 'Go on', lines: 'lines', state: 'Kill switch', running: 'running', stopped: 'stopped',
  },
  {
    hello: 'Hola, {{name}}', needsYou: 'Le necesitan', nothing: 'Nada le espera', nothingText: 'Las aprobaciones que esperan su decisión aparecen aquí.', asks: 'Lo pide {{who}} · {{when}}', mine: 'Usted espera', mineText: 'Sus peticiones que decide otra persona.', recent: 'Sus conversaciones', noRecent: 'Todavía no hay conversaciones', all: 'Todas', newChat: 'Conversación nueva', ask: 'Pregunte algo…', send: 'Preguntar',
    waiting: 'Aprobaciones en espera', conversations: 'Su última conversación', memory: 'Índice tras la memoria', constitution: 'Versión de la constitución', noRight: 'no tiene {{capability}}', failed: 'no se pudo leer', none: 'ninguna aún', setupTitle: 'Termine de configurar', setupText: '{{n}} de {{total}} pasos están hechos.', setupGo: 'Seguir', lines: 'líneas', state: 'Parada de emergencia', running: 'en marcha', stopped: 'parado',
  },
);
