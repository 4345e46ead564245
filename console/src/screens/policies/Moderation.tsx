import { Badge, Button, Card, CardBody, CheckBox, Drawer, EmptyState, Field, Input, Select, VirtualList } from '@somastack/uix';
import { Plus, ShieldAlert } from 'lucide-react';
import { useCommon } from '~/i18n/common.ts';
import { builtIn, matchesModeration, withModeration, withModerationRule, type Detector, type Policy, type Severity, type Stage } from './document.ts';
import { ModerationEditor } from './ModerationEditor.tsx';
import { useModerationWords } from './moderationWords.ts';
import { route, severities, stages } from './screen.ts';
import { usePolicyWords } from './words.ts';

export const severityTone = { low: 'neutral', medium: 'warn', high: 'bad' } as const;

/** `?rule=` of a rule that is not there yet. */
const fresh = '+';

type Parts = { policy: Policy; onChange?: (next: Policy) => void };

const Ladder = ({ policy, onChange }: Parts) => {
  const say = useModerationWords();
  const { ladder } = policy.moderation;
  return (
    <Card title={say('ladder')} hint={say('ladderHint')}>
      <CardBody className="grid gap-4 sm:grid-cols-3">
        {([['window_hours', 'windowHours'], ['escalate_at', 'escalateAt'], ['lock_at', 'lockAt']] as const).map(([name, label]) => (
          <Field key={name} label={say(label)}>{(parts) => <Input {...parts} type="number" min={1} value={ladder[name]} readOnly={!onChange} onChange={(event) => Number.isInteger(event.target.valueAsNumber) && onChange?.(withModeration(policy, { ladder: { ...ladder, [name]: event.target.valueAsNumber } }))} className="w-28 text-end tabular-nums" />}</Field>
        ))}
      </CardBody>
    </Card>
  );
};

const DetectorCard = ({ policy, onChange }: Parts) => {
  const say = useModerationWords();
  const { detector } = policy.moderation;
  const off = detector?.off ?? [];
  const set = (change: Detector) => onChange?.(withModeration(policy, { detector: { ...detector, ...change } }));
  return (
    <Card title={say('detector')} hint={say('detectorHint')}>
      <CardBody className="flex flex-col gap-4">
        <div className="grid gap-1.5 sm:grid-cols-2 lg:grid-cols-3">{builtIn.map((id) => <CheckBox key={id} label={<code className="font-mono text-sm">{id}</code>} checked={!off.includes(id)} disabled={!onChange} onChange={(event) => set({ off: event.target.checked ? off.filter((one) => one !== id) : [...off, id] })} />)}</div>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={say('threshold')} hint={say('thresholdHint')}>{(parts) => <Input {...parts} type="number" step="any" value={detector?.model_threshold ?? ''} readOnly={!onChange} onChange={(event) => set({ model_threshold: Number.isFinite(event.target.valueAsNumber) ? event.target.valueAsNumber : undefined })} className="w-40 text-end tabular-nums" />}</Field>
          <Field label={say('modelSeverity')}>{(parts) => <Select {...parts} value={detector?.model_severity ?? ''} disabled={!onChange} onChange={(event) => set({ model_severity: severities.find((one) => one === event.target.value) })} className="w-auto"><option value="">{say('ownDefault')}</option>{severities.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>}</Field>
        </div>
      </CardBody>
    </Card>
  );
};

/** What is looked for in texts, and what follows from a find. */
export const Moderation = ({ policy, onChange }: Parts) => {
  const say = useModerationWords();
  const words = usePolicyWords();
  const common = useCommon();
  const go = route.useNavigate();
  const { q = '', level: severity, stage, rule: open } = route.useSearch();
  const set = (change: { q?: string; level?: Severity; stage?: Stage; rule?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const all = policy.moderation.rules;
  const rules = all.filter((rule) => matchesModeration(rule, { q, severity, stage }));
  const at = all.findIndex((rule) => rule.id === open);
  const add = onChange ? <Button size="sm" look="primary" onClick={() => set({ rule: fresh })}><Plus aria-hidden className="size-3.5" />{say('add')}</Button> : null;
  const close = { rule: undefined };
  return (
    <div className="mx-auto flex max-w-5xl flex-col gap-4 p-5">
      <Card title={say('rules')} actions={<div className="flex flex-wrap items-center gap-2">
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-56 border-line text-sm" />
        <Select aria-label={say('severity')} value={severity ?? ''} onChange={(event) => set({ level: severities.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anySeverity')}</option>{severities.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('stage')} value={stage ?? ''} onChange={(event) => set({ stage: stages.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyStage')}</option>{stages.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        {add}
      </div>}>
        {rules.length === 0 ? (
          all.length === 0 ? <EmptyState icon={<ShieldAlert />} title={say('none')} action={add}>{say('noneText')}</EmptyState> : <EmptyState icon={<ShieldAlert />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ q: undefined, level: undefined, stage: undefined })}>{common('clear')}</Button>} />
        ) : (
          <VirtualList label={say('rules')} rows={rules} rowId={(rule) => rule.id} rowHeight={64} className="max-h-[28rem] overflow-y-auto" rowClassName="flex flex-col gap-1 border-b border-line px-4 py-2.5 hover:bg-hover">
            {(rule) => (
              <>
                <div className="flex flex-wrap items-center gap-2">
                  <Badge tone={severityTone[rule.severity]}>{say(rule.severity)}</Badge>
                  <button type="button" onClick={() => set({ rule: rule.id })} className="font-mono text-sm font-medium after:absolute after:inset-0">{rule.id}</button>
                  {(rule.stages ?? ['input']).map((one) => <Badge key={one}>{say(one)}</Badge>)}
                  {rule.strike === false ? <Badge tone="info">{say('noStrike')}</Badge> : null}
                  <span className="ms-auto text-xs text-muted">{say(rule.effect ?? 'label')} · {say('patternCount', { n: rule.patterns.length })}</span>
                </div>
                <p>{rule.message}</p>
              </>
            )}
          </VirtualList>
        )}
      </Card>
      <Ladder policy={policy} onChange={onChange} />
      <DetectorCard policy={policy} onChange={onChange} />
      <Drawer open={open !== undefined && (at >= 0 || open === fresh)} onOpenChange={(to) => to || set(close)} title={open === fresh ? say('newRule') : (open ?? '')} hint={onChange ? words('ruleHint') : words('readOnly')} className="max-w-2xl">
        {open === undefined ? null : <ModerationEditor key={open} policy={policy} at={at} onKeep={onChange ? (rule) => { onChange(withModerationRule(policy, at, rule)); set(close); } : undefined} onRemove={onChange && at >= 0 ? () => { onChange(withModeration(policy, { rules: all.filter((_, index) => index !== at) })); set(close); } : undefined} />}
      </Drawer>
    </div>
  );
};
