import { describe, expect, it } from 'vitest';
import { branchThrough } from './branches.ts';

const turn = (turn_id: string, parent_turn: string | null = null) => ({ turn_id, parent_turn });
const told = (branch: ReturnType<typeof branchThrough>) => branch.map(({ turn: { turn_id }, siblings }) => `${turn_id} of ${siblings.map((one) => one.turn_id).join('')}`);

//  a ── b ── c
//   └── d ── e      f (another beginning)
const turns = [turn('a'), turn('b', 'a'), turn('c', 'b'), turn('d', 'a'), turn('e', 'd')];

describe('a branch', () => {
  it('leads to the newest turn', () => expect(told(branchThrough(turns))).toEqual(['a of a', 'd of bd', 'e of e']));

  it('leads through the wanted turn to the newest that follows it', () => {
    expect(told(branchThrough(turns, 'b'))).toEqual(['a of a', 'b of bd', 'c of c']);
    expect(told(branchThrough(turns, 'a'))).toEqual(['a of a', 'd of bd', 'e of e']);
  });

  it('may begin more than once', () => expect(told(branchThrough([...turns, turn('f')]))).toEqual(['f of af']));

  it('leads to the newest when the wanted turn is not known, and nowhere when there is none', () => {
    expect(told(branchThrough(turns, 'x'))).toEqual(['a of a', 'd of bd', 'e of e']);
    expect(branchThrough([])).toEqual([]);
  });

  it('begins at a turn whose parent is not among them', () => expect(told(branchThrough([turn('b', 'a'), turn('c', 'b')]))).toEqual(['b of b', 'c of c']));
});
