import { Button, CheckBox, Field, Input, Select, TextArea } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { CodeEditor } from '~/app/editor/CodeEditor.tsx';
import { FailureLine } from '~/app/Failure.tsx';
import { issuesOf, linesOf, withRule, type Effect, type Obligation, type Policy, type Rule } from './document.ts';
import { checkQuery } from './queries.ts';
import { effects } from './screen.ts';
import { useSettled } from './useSettled.ts';
import { usePolicyWords } from './words.ts';

const empty: Rule = { id: '', kinds: [], effect: 'needs_approval', code: '', message: '', remedy: '' };

const parseObligations = (text: string): Obligation[] | null | undefined => {
  if (!text.trim()) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? (list as Obligation[]) : null;
  } catch {
    return null;
  }
};

/** One rule. What is wrong with it is the server's word, at the place that it names. */
export const RuleEditor = ({ policy, at, onKeep, onRemove }: { policy: Policy; at: number; onKeep?: (rule: Rule) => void; onRemove?: () => void }) => {
  const say = usePolicyWords();
  const [rule, setRule] = useState<Rule>(at < 0 ? empty : policy.rules[at]!);
  const [obligationText, setObligationText] = useState(rule.obligations ? JSON.stringify(rule.obligations, null, 2) : '');
  const set = (change: Partial<Rule>) => setRule((old) => JSON.parse(JSON.stringify({ ...old, ...change })) as Rule);
  const obligations = parseObligations(obligationText);
  const whole = useMemo(() => JSON.parse(JSON.stringify({ ...rule, obligations: obligations ?? undefined })) as Rule, [rule, obligationText]);
  const candidate = useSettled(useMemo(() => withRule(policy, at, whole), [policy, at, whole]));
  const check = useQuery(checkQuery(candidate));
  const position = at < 0 ? policy.rules.length : at;
  const issues = useMemo(() => (check.data ? issuesOf(check.data).filter((issue) => issue.list === 'rules' && issue.rule === position) : []), [check.data, position]);
  const elsewhere = check.data ? issuesOf(check.data).filter((issue) => issue.list !== 'rules' || issue.rule !== position) : [];
  const faultOf = (field: string) => issues.find((issue) => issue.field === field)?.mark.message;
  const marks = useMemo(() => issues.filter((issue) => issue.field === 'condition').map((issue) => issue.mark), [issues]);
  const general = issues.filter((issue) => issue.field === null);
  const isReadOnly = onKeep === undefined;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); onKeep?.(whole); }}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={say('ruleId')} error={faultOf('id')}>{(parts) => <Input {...parts} value={rule.id} onChange={(event) => set({ id: event.target.value })} readOnly={isReadOnly} required maxLength={100} className="font-mono" autoCapitalize="none" spellCheck={false} />}</Field>
        <Field label={say('effect')}>{(parts) => <Select {...parts} value={rule.effect} disabled={isReadOnly} onChange={(event) => set({ effect: event.target.value as Effect })}>{effects.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
      </div>
      <fieldset className="flex flex-col gap-1.5">
        <legend className="mb-1 text-sm font-medium">{say('kinds')}</legend>
        <div className="grid gap-1 sm:grid-cols-2">{Object.keys(policy.kinds).map((one) => <CheckBox key={one} label={<code className="font-mono text-sm">{one}</code>} checked={rule.kinds.includes(one)} disabled={isReadOnly} onChange={(event) => set({ kinds: event.target.checked ? [...rule.kinds, one] : rule.kinds.filter((kind) => kind !== one) })} />)}</div>
        {faultOf('kinds') ? <p role="alert" className="text-sm text-bad">{faultOf('kinds')}</p> : null}
      </fieldset>
      <div className="flex flex-col gap-1">
        <h3 className="text-sm font-medium">{say('condition')}</h3>
        <CodeEditor language="cel" label={say('condition')} value={rule.condition ?? ''} onChange={isReadOnly ? undefined : (condition) => set({ condition: condition.trim() ? condition : undefined })} marks={marks} />
        <p className="text-sm text-muted">{say('conditionHint')}</p>
        {marks.map((mark) => <p key={mark.message} role="alert" className="text-sm text-bad" data-mark={`${mark.line}:${mark.column}`}>{mark.message}</p>)}
      </div>
      <Field label={say('code')} hint={say('codeHint')} error={faultOf('code')}>{(parts) => <Input {...parts} value={rule.code} onChange={(event) => set({ code: event.target.value })} readOnly={isReadOnly} required maxLength={100} className="font-mono" />}</Field>
      <Field label={say('message')} hint={say('messageHint')}>{(parts) => <Input {...parts} value={rule.message} onChange={(event) => set({ message: event.target.value })} readOnly={isReadOnly} required maxLength={500} />}</Field>
      <Field label={say('remedy')}>{(parts) => <Input {...parts} value={rule.remedy} onChange={(event) => set({ remedy: event.target.value })} readOnly={isReadOnly} required maxLength={500} />}</Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={say('resources')} hint={say('resourcesHint')} error={faultOf('resources')}>{(parts) => <TextArea {...parts} defaultValue={rule.resources?.join('\n')} onChange={(event) => set({ resources: linesOf(event.target.value) })} readOnly={isReadOnly} className="font-mono text-sm" />}</Field>
        <Field label={say('terms')} hint={say('termsHint')} error={faultOf('terms')}>{(parts) => <TextArea {...parts} defaultValue={rule.terms?.join('\n')} onChange={(event) => set({ terms: linesOf(event.target.value) })} readOnly={isReadOnly} className="font-mono text-sm" />}</Field>
      </div>
      <Field label={say('obligations')} hint={say('obligationsHint')} error={obligations === null ? say('noList') : faultOf('obligations')}>{(parts) => <TextArea {...parts} value={obligationText} onChange={(event) => setObligationText(event.target.value)} readOnly={isReadOnly} className="font-mono text-sm" spellCheck={false} />}</Field>
      {general.map((issue) => <p key={issue.mark.message} role="alert" className="text-sm text-bad">{issue.mark.message}</p>)}
      {elsewhere.length > 0 ? <p className="text-sm text-muted">{say('elsewhere', { n: elsewhere.length })}</p> : null}
      <FailureLine cause={check.error} />
      {isReadOnly ? null : (
        <div className="flex flex-wrap items-center gap-2">
          <Button look="primary" type="submit" disabled={obligations === null}>{say('keep')}</Button>
          {onRemove ? <Button look="danger" onClick={onRemove}>{say('removeRule')}</Button> : null}
          <span role="status" className="text-sm text-muted">{candidate.rules[position] !== whole && JSON.stringify(candidate.rules[position]) !== JSON.stringify(whole) || check.isFetching ? say('checking') : check.data === null ? say('valid') : issues.length > 0 ? say('invalid') : null}</span>
        </div>
      )}
    </form>
  );
};
