import { describe, expect, it } from 'vitest';
import { lengthen } from './pseudo.ts';

describe('a pretended language', () => {
  it('is longer, more so where the text is short, and shows its end', () => {
    expect(lengthen('Save')).toBe('[Šávé ~~~~]');
    const long = 'Every rule with its condition; each opens where it can be changed, by two.';
    expect(lengthen(long).length / long.length).toBeGreaterThan(1.3);
    expect(lengthen(long).length / long.length).toBeLessThan(1.4);
  });

  it('leaves numbers and signs alone', () => expect(['42 %', '—', ''].map(lengthen)).toEqual(['42 %', '—', '']));
});
