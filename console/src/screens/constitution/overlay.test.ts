import { describe, expect, it } from 'vitest';
import { keepsAll, loosens, trimmed, type Overlay } from './overlay.ts';

const document = { principles: [{ id: 'truth', title: 't', body: 'b' }], enforcement: { ceilings: { output_tokens: 100 }, required_approvals: { 'tool.call': 2 } } };

describe('an overlay', () => {
  it('that loosens is told place by place', () =>
    expect(loosens(document, { principles: [{ id: 'truth', title: 'x', body: 'y' }, { id: 'new', title: 'x', body: 'y' }], ceilings: { output_tokens: 101, risk: 1 }, required_approvals: { 'tool.call': 1, 'memory.write': 1 } })).toEqual(['principles/truth', 'ceilings/output_tokens', 'required_approvals/tool.call']));

  it('that tightens is not', () => expect(loosens(document, { ceilings: { output_tokens: 100, cost: 0 }, required_approvals: { 'tool.call': 3 }, prohibitions: ['capsule.install'] })).toEqual([]));

  const before: Overlay = { prohibitions: ['a'], ceilings: { cost: 1 }, required_approvals: { b: 1 }, principles: [{ id: 'p', title: 't', body: 'x' }] };

  it.each<[string, Overlay, boolean]>([
    ['the same', before, true],
    ['more', { ...before, prohibitions: ['a', 'b'], ceilings: { cost: 0.5, risk: 0.1 }, required_approvals: { b: 2 } }, true],
    ['one kind less', { ...before, prohibitions: [] }, false],
    ['a higher ceiling', { ...before, ceilings: { cost: 2 } }, false],
    ['a ceiling less', { ...before, ceilings: {} }, false],
    ['fewer approvals', { ...before, required_approvals: {} }, false],
    ['another text', { ...before, principles: [{ id: 'p', title: 't', body: 'y' }] }, false],
    ['the same text in another order', { ...before, principles: [{ body: 'x', id: 'p', title: 't' }] }, true],
  ])('with %s keeps all: %s', (_, next, keeps) => expect(keepsAll(before, next)).toBe(keeps));

  it('says nothing about what it does not name', () => expect(trimmed({ principles: [], prohibitions: ['b', 'a'], ceilings: {}, required_approvals: {} })).toEqual({ prohibitions: ['a', 'b'] }));
});
