import { Card, CardBody, Meter, Unknown } from '@somastack/uix';
import { useNumbers } from '~/app/numbers.ts';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import type { RunDetail } from './queries.ts';
import { useRunWords } from './words.ts';

/** The unit of a run's money. */
const currency = 'USD';

/** What the run has used, of what, and what is left; a cost that nobody knows is no nought. */
export const Budget = ({ budget }: { budget: RunDetail['budget'] }) => {
  const say = useRunWords();
  const lang = useLanguage();
  const number = useNumbers();
  const lines = [['tokens', budget.tokens, number.whole], ['money', budget.money, (amount: number) => number.money(amount, currency)], ['stepsUsed', budget.steps, number.whole]] as const;
  return (
    <Card title={say('budget')}>
      <CardBody className="flex flex-col gap-3">
        {lines.map(([name, line, write]) => (
          <div key={name} className="flex flex-col gap-0.5" data-budget={name}>
            <span className="text-sm font-medium">{say(name)}</span>
            {line.used === null ? <Unknown reason={line.limit === null ? say('costUnknown') : say('costUnknownOf', { limit: write(line.limit) })} /> : line.limit === null || line.left === null ? <span className="text-sm text-muted tabular-nums">{say('usedNoLimit', { used: write(line.used) })}</span> : <Meter used={line.used} of={line.limit} label={say('usedOf', { used: write(line.used), limit: write(line.limit), left: write(line.left) })} />}
          </div>
        ))}
        <div className="flex flex-col gap-0.5"><span className="text-sm font-medium">{say('deadline')}</span><span className="text-sm text-muted tabular-nums">{budget.deadline ? <time dateTime={budget.deadline}>{instant(lang).format(new Date(budget.deadline))}</time> : say('noDeadline')}</span></div>
      </CardBody>
    </Card>
  );
};
