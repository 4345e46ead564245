import { describe, expect, it } from 'vitest';
import { fieldsOf } from '~/app/schemaForm.ts';
import { costOf } from './cost.ts';
import { inputsSchema } from './inputs.ts';
import { planOf } from './plan.ts';

const steps = [{ name: 'One', action: 'flow.set', after: [] }, { name: 'Two', action: 'wait.signal', after: ['One'] }];

describe('the graph of a run', () => {
  it('is in its first event, or in the snapshot with which a long history goes on', () => {
    expect(planOf({ type: 'run_began', plan: { capsule: { steps } } })).toEqual(steps);
    expect(planOf({ type: 'run_continued', snapshot: { plan: { capsule: { steps } } } })).toEqual(steps);
  });
  it.each([undefined, null, 7, {}, { plan: {} }, { plan: { capsule: { steps: [{ name: 'One' }] } } }])('is unknown where %j holds none', (event) => expect(planOf(event)).toBeNull());
});

describe('the cost of a step', () => {
  it('is that of its items where it has some', () => expect(costOf({ cost: 0, output: null, items: [{ cost: 0.25, output: {} }, { cost: 0.5, output: {} }] })).toBe(0.75));
  it('is unknown where one answer had no price', () => expect(costOf({ cost: 0, output: null, items: [{ cost: 0.25, output: {} }, { cost: 0, output: { cost_nanos: null } }] })).toBeNull());
});

describe('the form of a capsule', () => {
  it('has a field for each input, with what it must be', () => {
    const fields = fieldsOf(inputsSchema({ inputs: [{ name: 'project', type: 'string', required: true }, { name: 'days', type: 'integer', default: 7 }, { name: 'tasks', type: 'list', default: ['qa'] }, { name: 'rows', type: 'list', default: [1] }, { name: 'private', type: 'boolean' }, { name: 'more', type: 'object' }] }));
    expect(fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([['project', 'text', true], ['days', 'integer', false], ['tasks', 'list', false], ['rows', 'json', false], ['private', 'boolean', false], ['more', 'json', false]]);
    expect(fields[1]!.schema.default).toBe(7);
  });
  it.each([undefined, {}, { inputs: 'x' }, { inputs: [1, {}] }])('is empty for %j', (definition) => expect(fieldsOf(inputsSchema(definition))).toEqual([]));
});
