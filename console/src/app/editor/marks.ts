/** What is wrong at one place of a text; line and column count from 1. */
export type Mark = { line: number; column: number; message: string };

/** Where a mark stands in a text, as an offset; within the text whatever it says. */
export const offsetOf = (text: string, { line, column }: Pick<Mark, 'line' | 'column'>) => {
  const lines = text.split('\n');
  const at = Math.min(Math.max(1, line), lines.length) - 1;
  const before = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
  return before + Math.min(Math.max(1, column) - 1, lines[at]!.length);
};
