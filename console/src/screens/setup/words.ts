import { words } from '~/i18n/words.ts';

export const useSetupWords = words(
  'setup',
  {
    title: 'Set up', hint: 'Each step is ticked by what the server observes, not by a click.', done: 'Done', toDo: 'To do', later: 'Optional', optional: 'optional',
    password: 'Password', passwordDone: 'You sign in as {{login}}.', passwordOpen: 'You came by a one-time link. Set a password to come back.', setPassword: 'Set a password', passwordAsk: 'Ask an administrator for a link that sets one.', changePassword: 'Change the password', current: 'Current password', next: 'New password', nextHint: '12 characters or more', change: 'Change', changed: 'Password changed. Sign in with the new one.',
    mfa: 'Second factor', mfaDone: 'On. {{n}} recovery codes are left.', mfaOpen: 'Dangerous steps then need a code of your authenticator.', mfaNeedsPassword: 'Set a password first.', mfaStart: 'Turn it on', yourPassword: 'Your password', scan: 'Scan this with your authenticator, or type the secret.', qr: 'QR code for your authenticator', secret: 'Secret', code: 'Code of six digits', confirm: 'Confirm', codes: 'Recovery codes', codesHint: 'Shown this once. Each works once in place of a code. Keep them where your phone is not.', copyCodes: 'Copy the codes', cancel: 'Cancel',
    second: 'A second person', secondDone: '{{n}} people can decide.', secondOpen: 'What takes two keys needs somebody else who can approve. Whom you let in counts as your own hand until the host starts his account: soma token --principal ID --link', invite: 'Invite', principal: 'Their id', name: 'Their name', inviteLink: 'Send this link; it works once.', inviteCopy: 'Copy the link', role: 'Role',
    ask: 'Ask the first question', askDone: 'You have conversations.', askOpen: 'The first answer shows everything it rests on.', goChat: 'Open the chat', continue: 'Go on',
  },
  {
    title: 'Configurar', hint: 'Cada paso lo marca lo que observa el servidor, no un clic.', done: 'Hecho', toDo: 'Pendiente', later: 'Opcional', optional: 'opcional',
    password: 'Contraseña', passwordDone: 'Usted entra como {{login}}.', passwordOpen: 'Entró con un enlace de un solo uso. Ponga una contraseña para volver.', setPassword: 'Poner una contraseña', passwordAsk: 'Pida a un administrador un enlace para ponerla.', changePassword: 'Cambiar la contraseña', current: 'Contraseña actual', next: 'Contraseña nueva', nextHint: '12 caracteres o más', change: 'Cambiar', changed: 'Contraseña cambiada. Entre con la nueva.',
    mfa: 'Segundo factor', mfaDone: 'Activado. Quedan {{n}} códigos de recuperación.', mfaOpen: 'Los pasos peligrosos piden entonces un código de su autenticador.', mfaNeedsPassword: 'Ponga antes una contraseña.', mfaStart: 'Activarlo', yourPassword: 'Su contraseña', scan: 'Escanéelo con su autenticador o escriba el secreto.', qr: 'Código QR para su autenticador', secret: 'Secreto', code: 'Código de seis cifras', confirm: 'Confirmar', codes: 'Códigos de recuperación', codesHint: 'Se muestran esta única vez. Cada uno vale una vez en lugar de un código. Guárdelos donde no esté su teléfono.', copyCodes: 'Copiar los códigos', cancel: 'Cancelar',
    second: 'Otra persona', secondDone: '{{n}} personas pueden decidir.', secondOpen: 'Lo que lleva dos llaves necesita a otra persona que apruebe. Quien entra por usted cuenta como su propia mano hasta que el servidor inicia su cuenta: soma token --principal ID --link', invite: 'Invitar', principal: 'Su id', name: 'Su nombre', inviteLink: 'Envíe este enlace; vale una vez.', inviteCopy: 'Copiar el enlace', role: 'Rol',
    ask: 'Hacer la primera pregunta', askDone: 'Ya tiene conversaciones.', askOpen: 'La primera respuesta muestra todo en lo que se apoya.', goChat: 'Abrir el chat', continue: 'Seguir',
  },
);
