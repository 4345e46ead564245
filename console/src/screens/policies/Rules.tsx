import { Badge, Button, Drawer, EmptyState, Input, Select, VirtualList } from '@somastack/uix';
import { Plus, Scale } from 'lucide-react';
import { useCommon } from '~/i18n/common.ts';
import { matchesRule, withRule, type Policy, type Rule } from './document.ts';
import { RuleEditor } from './RuleEditor.tsx';
import { effects, route } from './screen.ts';
import { usePolicyWords } from './words.ts';

export const effectTone = { deny: 'bad', needs_approval: 'warn', allow: 'ok' } as const;

/** `?rule=` of a rule that is not there yet. */
const fresh = '+';

/** Every rule with its condition; each opens where it can be changed. */
export const Rules = ({ policy, onChange }: { policy: Policy; onChange?: (next: Policy) => void }) => {
  const say = usePolicyWords();
  const common = useCommon();
  const go = route.useNavigate();
  const { q = '', effect, kind, rule: open } = route.useSearch();
  const set = (change: { q?: string; effect?: Rule['effect']; kind?: string; rule?: string }) => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const rules = policy.rules.filter((rule) => matchesRule(rule, { q, effect, kind }));
  const at = policy.rules.findIndex((rule) => rule.id === open);
  const add = onChange ? <Button size="sm" look="primary" onClick={() => set({ rule: fresh })}><Plus aria-hidden className="size-3.5" />{say('addRule')}</Button> : null;
  return (
    <div className="flex flex-col gap-3 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <Input type="search" aria-label={say('search')} placeholder={say('search')} value={q} onChange={(event) => set({ q: event.target.value || undefined })} className="h-8 w-60 border-line text-sm" />
        <Select aria-label={say('effect')} value={effect ?? ''} onChange={(event) => set({ effect: effects.find((one) => one === event.target.value) })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyEffect')}</option>{effects.map((one) => <option key={one} value={one}>{say(one)}</option>)}</Select>
        <Select aria-label={say('kind')} value={kind ?? ''} onChange={(event) => set({ kind: event.target.value || undefined })} className="h-8 w-auto border-line text-sm"><option value="">{say('anyKind')}</option>{Object.keys(policy.kinds).map((one) => <option key={one}>{one}</option>)}</Select>
        <span className="ms-auto">{add}</span>
      </div>
      {rules.length === 0 ? (
        policy.rules.length === 0 ? <EmptyState icon={<Scale />} title={say('noRules')} action={add}>{say('noRulesText')}</EmptyState> : <EmptyState icon={<Scale />} title={say('noMatch')} action={<Button size="sm" onClick={() => set({ q: undefined, effect: undefined, kind: undefined })}>{common('clear')}</Button>} />
      ) : (
        <VirtualList label={say('rules')} rows={rules} rowId={(rule) => rule.id} rowHeight={84} className="rounded-lg border border-line bg-surface shadow-card" rowClassName="flex flex-col gap-1.5 border-b border-line px-4 py-3 hover:bg-hover">
          {(rule) => (
            <>
              <div className="flex flex-wrap items-center gap-2">
                <Badge tone={effectTone[rule.effect]}>{say(rule.effect)}</Badge>
                <button type="button" onClick={() => set({ rule: rule.id })} className="font-mono text-sm font-medium after:absolute after:inset-0">{rule.id}</button>
                <span className="flex flex-wrap gap-1">{rule.kinds.map((one) => <Badge key={one} className="font-mono">{one}</Badge>)}</span>
                <code className="ms-auto font-mono text-xs text-muted">{rule.code}</code>
              </div>
              <p className="text-base">{rule.message}</p>
              {rule.condition ? <pre className="font-mono text-xs break-words whitespace-pre-wrap text-muted">{rule.condition}</pre> : null}
              {rule.terms ? <p className="text-xs text-muted">{say('terms')}: {rule.terms.join(' · ')}</p> : null}
              {rule.obligations ? <p className="text-xs text-muted">{say('obligations')}: {rule.obligations.map((one) => [one.kind, one.target, one.limit].filter((part) => part !== undefined).join(' ')).join(' · ')}</p> : null}
            </>
          )}
        </VirtualList>
      )}
      <Drawer open={open !== undefined && (at >= 0 || open === fresh)} onOpenChange={(to) => to || set({ rule: undefined })} title={open === fresh ? say('newRule') : (open ?? '')} hint={onChange ? say('ruleHint') : say('readOnly')} className="max-w-2xl">
        {open === undefined ? null : (
          <RuleEditor key={open} policy={policy} at={at} onKeep={onChange ? (rule) => { onChange(withRule(policy, at, rule)); set({ rule: undefined }); } : undefined} onRemove={onChange && at >= 0 ? () => { onChange({ ...policy, rules: policy.rules.filter((_, index) => index !== at) }); set({ rule: undefined }); } : undefined} />
        )}
      </Drawer>
    </div>
  );
};
