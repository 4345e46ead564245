import { Badge, Card, CardBody, CheckBox, Field, Input } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { statusQuery } from '~/app/queries.ts';
import { useLanguage } from '~/i18n/words.ts';
import { scoreOf, type KindDefaults, type Policy, type Weights as Figures } from './document.ts';
import { usePolicyWords } from './words.ts';

const figures = ['confidence', 'risk', 'budget', 'human_penalty'] as const;

/** Between 0 and 1; an input that holds no number keeps the old one. */
const Figure = ({ label, value, onChange }: { label: string; value: number; onChange?: (value: number) => void }) => (
  <Input aria-label={label} type="number" min={0} max={1} step="any" value={value} readOnly={!onChange} onChange={(event) => Number.isFinite(event.target.valueAsNumber) && onChange?.(event.target.valueAsNumber)} className="h-8 w-24 text-end tabular-nums" />
);

/** What the score is made of, and what each kind of action scores with it. Every number is the policy's. */
export const Weights = ({ policy, onChange }: { policy: Policy; onChange?: (next: Policy) => void }) => {
  const say = usePolicyWords();
  const lang = useLanguage();
  const mode = useQuery(statusQuery).data?.mode;
  const threshold = mode?.startsWith('production') ? policy.thresholds.production : policy.thresholds.default;
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 4, minimumFractionDigits: 2 });
  const setKind = (name: string, change: Partial<KindDefaults>) => onChange?.({ ...policy, kinds: { ...policy.kinds, [name]: { ...policy.kinds[name]!, ...change } } });
  const setWeight = (name: keyof Figures, value: number) => onChange?.({ ...policy, weights: { ...policy.weights, [name]: value } });
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5">
      <Card title={say('formula')} hint={say('formulaHint')}>
        <CardBody className="flex flex-col gap-4">
          <p className="font-mono text-sm break-words">{say('formulaText', { confidence: policy.weights.confidence, risk: policy.weights.risk, budget: policy.weights.budget, human: policy.weights.human_penalty })}</p>
          <div className="grid gap-4 sm:grid-cols-3">
            {figures.map((name) => <Field key={name} label={say(name)}>{() => <Figure label={say(name)} value={policy.weights[name]} onChange={onChange && ((value) => setWeight(name, value))} />}</Field>)}
            <Field label={say('threshold')}>{() => <Figure label={say('threshold')} value={policy.thresholds.default} onChange={onChange && ((value) => onChange({ ...policy, thresholds: { ...policy.thresholds, default: value } }))} />}</Field>
            <Field label={say('thresholdProduction')}>{() => <Figure label={say('thresholdProduction')} value={policy.thresholds.production} onChange={onChange && ((value) => onChange({ ...policy, thresholds: { ...policy.thresholds, production: value } }))} />}</Field>
          </div>
        </CardBody>
      </Card>
      <Card title={say('kindsTitle')} hint={say('kindsHint')}>
        <div className="relative overflow-x-auto" tabIndex={0} role="region" aria-label={say('kindsTitle')}>
          <table className="w-full text-base">
            <thead className="border-b border-line text-xs text-muted"><tr className="*:px-4 *:py-2 *:font-medium"><th scope="col" className="text-start">{say('kind')}</th><th scope="col" className="text-start">{say('risk')}</th><th scope="col" className="text-start">{say('confidence')}</th><th scope="col" className="text-start">{say('human')}</th><th scope="col" className="text-end">{say('score')}</th><th scope="col" className="text-start">{say('against', { threshold: mode ? number.format(threshold) : '—' })}</th></tr></thead>
            <tbody className="divide-y divide-line">
              {Object.entries(policy.kinds).map(([name, kind]) => {
                const score = scoreOf(policy, kind);
                return (
                  <tr key={name} className="*:px-4 *:py-1.5">
                    <th scope="row" className="text-start font-mono text-sm font-normal">{name}</th>
                    <td><Figure label={`${name}: ${say('risk')}`} value={kind.risk} onChange={onChange && ((risk) => setKind(name, { risk }))} /></td>
                    <td><Figure label={`${name}: ${say('confidence')}`} value={kind.confidence} onChange={onChange && ((confidence) => setKind(name, { confidence }))} /></td>
                    <td><CheckBox className="align-middle" label={<span className="sr-only">{`${name}: ${say('human')}`}</span>} checked={kind.requires_human ?? false} disabled={!onChange} onChange={(event) => setKind(name, { requires_human: event.target.checked || undefined })} /></td>
                    <td className="text-end tabular-nums">{number.format(score)}</td>
                    <td>{mode ? <Badge tone={score >= threshold ? (kind.requires_human ? 'warn' : 'ok') : 'bad'}>{score >= threshold ? (kind.requires_human ? say('needs_approval') : say('reaches')) : say('falls')}</Badge> : '—'}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Card>
    </div>
  );
};
