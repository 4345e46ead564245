import { Button, CheckBox, Field, Input, Select, TextArea } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { FailureLine } from '~/app/Failure.tsx';
import { issuesOf, linesOf, moderationEffects, withModerationRule, type ModerationEffect, type ModerationRule, type Policy, type Severity, type Stage } from './document.ts';
import { useModerationWords } from './moderationWords.ts';
import { checkQuery } from './queries.ts';
import { severities, stages } from './screen.ts';
import { useSettled } from './useSettled.ts';
import { usePolicyWords } from './words.ts';

const empty: ModerationRule = { id: '', category: '', severity: 'medium', patterns: [], message: '', remedy: '' };

const isStage = (one: Stage, rule: ModerationRule) => (rule.stages ?? ['input']).includes(one);

/** One rule of moderation. What is wrong with it is the server's word. */
export const ModerationEditor = ({ policy, at, onKeep, onRemove }: { policy: Policy; at: number; onKeep?: (rule: ModerationRule) => void; onRemove?: () => void }) => {
  const say = useModerationWords();
  const words = usePolicyWords();
  const [rule, setRule] = useState<ModerationRule>(at < 0 ? empty : policy.moderation.rules[at]!);
  const set = (change: Partial<ModerationRule>) => setRule((old) => JSON.parse(JSON.stringify({ ...old, ...change })) as ModerationRule);
  const candidate = useSettled(useMemo(() => withModerationRule(policy, at, rule), [policy, at, rule]));
  const check = useQuery(checkQuery(candidate));
  const position = at < 0 ? policy.moderation.rules.length : at;
  const issues = useMemo(() => (check.data ? issuesOf(check.data) : []), [check.data]);
  const own = issues.filter((issue) => issue.list === 'moderation' && issue.rule === position);
  const faultOf = (field: string) => own.find((issue) => issue.field === field)?.mark.message;
  const isReadOnly = onKeep === undefined;
  const settled = JSON.stringify(candidate.moderation.rules[position]) === JSON.stringify(rule) && !check.isFetching;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); onKeep?.(rule); }}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={say('id')} error={faultOf('id')}>{(parts) => <Input {...parts} value={rule.id} onChange={(event) => set({ id: event.target.value })} readOnly={isReadOnly} required maxLength={100} className="font-mono" autoCapitalize="none" spellCheck={false} />}</Field>
        <Field label={say('category')} hint={say('categoryHint')} error={faultOf('category')}>{(parts) => <Input {...parts} value={rule.category} onChange={(event) => set({ category: event.target.value })} readOnly={isReadOnly} required maxLength={100} className="font-mono" autoCapitalize="none" spellCheck={false} />}</Field>
      </div>
      <Field label={say('severity')} hint={say('severityHint')}>{(parts) => <Select {...parts} value={rule.severity} disabled={isReadOnly} onChange={(event) => set({ severity: event.target.value as Severity })}>{severities.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
      <Field label={say('patterns')} hint={say('patternsHint')} error={faultOf('patterns')}>{(parts) => <TextArea {...parts} defaultValue={rule.patterns.join('\n')} onChange={(event) => set({ patterns: linesOf(event.target.value) ?? [] })} readOnly={isReadOnly} className="min-h-40 font-mono text-sm" spellCheck={false} />}</Field>
      <fieldset className="flex flex-col gap-1.5">
        <legend className="mb-1 text-sm font-medium">{say('stages')}</legend>
        <div className="grid gap-1 sm:grid-cols-2">{stages.map((one) => <CheckBox key={one} label={say(one)} checked={isStage(one, rule)} disabled={isReadOnly} onChange={(event) => set({ stages: stages.filter((stage) => (stage === one ? event.target.checked : isStage(stage, rule))) })} />)}</div>
      </fieldset>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={say('effect')}>{(parts) => <Select {...parts} value={rule.effect ?? 'label'} disabled={isReadOnly} onChange={(event) => set({ effect: event.target.value as ModerationEffect })}>{moderationEffects.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
        <Field label={say('outputEffect')}>{(parts) => <Select {...parts} value={rule.output_effect ?? ''} disabled={isReadOnly} onChange={(event) => set({ output_effect: moderationEffects.find((one) => one === event.target.value) })}><option value="">{say('sameEffect')}</option>{moderationEffects.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
      </div>
      <div><CheckBox label={say('strike')} checked={rule.strike ?? true} disabled={isReadOnly} onChange={(event) => set({ strike: event.target.checked ? undefined : false })} /><p className="text-sm text-muted">{say('strikeHint')}</p></div>
      <Field label={words('message')} hint={words('messageHint')}>{(parts) => <Input {...parts} value={rule.message} onChange={(event) => set({ message: event.target.value })} readOnly={isReadOnly} required maxLength={500} />}</Field>
      <Field label={words('remedy')}>{(parts) => <Input {...parts} value={rule.remedy} onChange={(event) => set({ remedy: event.target.value })} readOnly={isReadOnly} required maxLength={500} />}</Field>
      {own.filter((issue) => issue.field === null).map((issue) => <p key={issue.mark.message} role="alert" className="text-sm text-bad">{issue.mark.message}</p>)}
      {issues.length > own.length ? <p className="text-sm text-muted">{words('elsewhere', { n: issues.length - own.length })}</p> : null}
      <FailureLine cause={check.error} />
      {isReadOnly ? null : (
        <div className="flex flex-wrap items-center gap-2">
          <Button look="primary" type="submit">{words('keep')}</Button>
          {onRemove ? <Button look="danger" onClick={onRemove}>{words('removeRule')}</Button> : null}
          <span role="status" className="text-sm text-muted">{!settled ? words('checking') : check.data === null ? words('valid') : own.length > 0 ? words('invalid') : null}</span>
        </div>
      )}
    </form>
  );
};
