import { expect, it } from 'vitest';
import { offsetOf } from './marks.ts';

it.each([
  ['a\nbc\nd', 1, 1, 0],
  ['a\nbc\nd', 2, 2, 3],
  ['a\nbc\nd', 3, 1, 5],
  ['a\nbc\nd', 2, 99, 4],
  ['a\nbc\nd', 99, 1, 5],
  ['a', 0, 0, 0],
  ['', 1, 1, 0],
])('a mark in %j at %i:%i stands at %i', (text, line, column, offset) => expect(offsetOf(text, { line, column })).toBe(offset));
