import { words } from '~/i18n/words.ts';

export const useAuditWords = words(
  'audit',
  {
    title: 'Audit', hint: 'Everything that happened, sealed into a signed Merkle tree.', list: 'Journal lines', search: 'Search subjects, types, traces', type: 'Type', anyType: 'Any type', actor: 'Actor', anyActor: 'Anybody', at: 'When', position: 'Position', event: 'Event', subject: 'Subject', trace: 'Trace',
    first: 'Nothing is written yet', firstText: 'The first action of this tenant makes the first line.', none: 'No line matches these filters', reading: 'Reading… {{n}} lines so far', capped: 'The newest {{n}} lines are shown. Older ones are in the export.', of: '{{n}} match', data: 'What was written', check: 'Check the seal', checking: 'Checking in this browser…', again: 'Check again', notSealed: 'Not sealed yet; it takes about a second.',
    leaf: 'The line’s seal is the one in the tree', path: 'The audit path leads to the signed root', signature: 'The checkpoint is signed by this installation’s key', holds: 'holds', broken: 'does not hold', cannotTell: 'this browser cannot tell', proven: 'Proven here, by this browser’s own cryptography.', disproven: 'This line cannot be trusted. Tell an operator to run soma audit verify.', under: 'Under checkpoint {{size}}, signed {{when}}',
    notHere: 'Position {{position}} is no line of this tenant, or older than what is shown.', all: 'Check all seals', allRunning: '{{n}} lines checked', allGood: 'All {{n}} lines match their seals.', allBad: '{{n}} lines do not match their seals. The first is at position {{position}}.', allCut: 'The export broke off after {{n}} lines.', stop: 'Stop',
  },
  {
    title: 'Auditoría', hint: 'Todo lo que pasó, sellado en un árbol de Merkle firmado.', list: 'Líneas del diario', search: 'Buscar sujetos, tipos, trazas', type: 'Tipo', anyType: 'Cualquier tipo', actor: 'Autor', anyActor: 'Cualquiera', at: 'Cuándo', position: 'Posición', event: 'Suceso', subject: 'Sujeto', trace: 'Traza',
    first: 'Aún no hay nada escrito', firstText: 'La primera acción de este inquilino hace la primera línea.', none: 'Ninguna línea coincide con estos filtros', reading: 'Leyendo… {{n}} líneas hasta ahora', capped: 'Se muestran las {{n}} líneas más nuevas. Las anteriores están en la exportación.', of: '{{n}} coinciden', data: 'Lo que se escribió', check: 'Comprobar el sello', checking: 'Comprobando en este navegador…', again: 'Comprobar otra vez', notSealed: 'Aún sin sellar; tarda un segundo.',
    leaf: 'El sello de la línea es el que está en el árbol', path: 'El camino lleva a la raíz firmada', signature: 'El punto de control lleva la firma de esta instalación', holds: 'se cumple', broken: 'no se cumple', cannotTell: 'este navegador no puede saberlo', proven: 'Demostrado aquí, con la criptografía de este navegador.', disproven: 'No se puede confiar en esta línea. Pida a un operador que ejecute soma audit verify.', under: 'Bajo el punto de control {{size}}, firmado {{when}}',
    notHere: 'La posición {{position}} no es una línea de este inquilino o es anterior a lo que se muestra.', all: 'Comprobar todos los sellos', allRunning: '{{n}} líneas comprobadas', allGood: 'Las {{n}} líneas coinciden con sus sellos.', allBad: '{{n}} líneas no coinciden con sus sellos. La primera está en la posición {{position}}.', allCut: 'La exportación se cortó tras {{n}} líneas.', stop: 'Parar',
  },
);
