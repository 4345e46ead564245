import { describe, expect, it } from 'vitest';
import { layersOf } from './runLayers.ts';

const places = (...nodes: [string, string[]][]) => Object.fromEntries(layersOf(nodes.map(([id, after]) => ({ id, after }))).map(({ id, column, row }) => [id, [column, row]]));

describe('where a step stands in the graph', () => {
  it('is after the latest of those it waits for', () => expect(places(['a', []], ['b', ['a']], ['c', ['a']], ['d', ['a', 'c']], ['e', ['b', 'd']])).toEqual({ a: [0, 0], b: [1, 0], c: [1, 1], d: [2, 0], e: [3, 0] }));
  it('does not depend on the order in which they are named', () => expect(places(['c', ['b']], ['b', ['a']], ['a', []])).toEqual({ a: [0, 0], b: [1, 0], c: [2, 0] }));
  it('is found also where somebody is named who is not there, or all name each other', () => {
    expect(places(['a', ['gone']])).toEqual({ a: [0, 0] });
    expect(Object.keys(places(['a', ['b']], ['b', ['a']]))).toEqual(['a', 'b']);
  });
});
