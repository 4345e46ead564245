// What a screen may not contain, read from its syntax tree. No tool of the registry knows our tiles.
import ts from 'typescript';

const liveKinds = new Set(['ok', 'stale']);
const hasDigit = /\d/;
const palette = /(?<![\w-])(?:[\w-]+:)*(?:bg|text|border|fill|stroke|ring|outline|divide|from|to|via|accent|caret|decoration)-(?:slate|gray|zinc|neutral|stone|red|orange|amber|yellow|lime|green|emerald|teal|cyan|sky|blue|indigo|violet|purple|fuchsia|pink|rose|black|white)(?:-\d+)?(?:\/\d+)?(?![\w-])/;
const physical = /(?<![\w-])(?:[\w-]+:)*-?(?:ml|mr|pl|pr|left|right|border-l|border-r|rounded-l|rounded-r|rounded-tl|rounded-tr|rounded-bl|rounded-br|scroll-ml|scroll-mr)-[\w.[\]/%-]+(?![\w-])|(?<![\w-])text-(?:left|right)(?![\w-])/;

const propertyOf = (object, name) => object.properties.find((property) => ts.isPropertyAssignment(property) && property.name.getText().replaceAll(/['"]/g, '') === name)?.initializer;

/** Numbers that somebody wrote down instead of reading them from somewhere. */
const literalsIn = (node) => {
  const found = [];
  const visit = (one) => {
    if (ts.isNumericLiteral(one)) found.push(one);
    else if ((ts.isStringLiteralLike(one) || ts.isTemplateHead(one) || ts.isTemplateMiddle(one) || ts.isTemplateTail(one) || ts.isJsxText(one)) && hasDigit.test(one.text)) found.push(one);
    // Options of a formatter and the place in a list are no values.
    else if (ts.isCallExpression(one) || ts.isElementAccessExpression(one)) visit(one.expression);
    else ts.forEachChild(one, visit);
  };
  visit(node);
  return found;
};

/** @returns {{ line: number, rule: string, text: string }[]} */
export const faultsOf = (name, source) => {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, name.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const faults = [];
  const add = (node, rule) => faults.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, rule, text: node.getText().slice(0, 80) });
  const visit = (node) => {
    if (ts.isObjectLiteralExpression(node)) {
      const kind = propertyOf(node, 'kind');
      const value = propertyOf(node, 'value');
      if (kind && ts.isStringLiteral(kind) && liveKinds.has(kind.text) && value) for (const literal of literalsIn(value)) add(literal, 'a tile shows what was read, never a number from the source');
    }
    if (ts.isJsxOpeningLikeElement(node) && /Tile$/.test(node.tagName.getText()))
      for (const attribute of node.attributes.properties)
        if (ts.isJsxAttribute(attribute) && ['value', 'children', 'unit', 'label'].includes(attribute.name.getText()) && attribute.initializer) for (const literal of literalsIn(attribute.initializer)) add(literal, 'a tile shows what was read, never a number from the source');
    if (ts.isJsxElement(node) && /Tile$/.test(node.openingElement.tagName.getText())) for (const child of node.children) for (const literal of literalsIn(child)) add(literal, 'a tile shows what was read, never a number from the source');
    if (ts.isJsxAttribute(node) && node.name.getText() === 'dangerouslySetInnerHTML') add(node, 'text is never markup');
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      if (palette.test(node.text)) add(node, 'colours are roles of tokens.css');
      if (physical.test(node.text)) add(node, 'start and end, not left and right: the page also reads from the right');
    }
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText();
      if (/^console\.(log|debug|info)$/.test(called) || /^(?:window\.|globalThis\.)?(alert|confirm|prompt)$/.test(called)) add(node, 'the page says it, or nobody');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  const lines = source.split('\n').length;
  if (lines > 400) faults.push({ line: lines, rule: 'a file has at most 400 lines', text: '' });
  return faults;
};
