import { KpiTile, type KpiState } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useNumbers } from '~/app/numbers.ts';
import { healthQuery, killSwitchQuery, meQuery, openApprovalsQuery, statusQuery } from '~/app/queries.ts';
import { tileOf, untold } from '~/app/tile.ts';
import { suggestionsQuery } from '../benchmarks/queries.ts';
import { bufferQuery, indexQuery } from '../memory/queries.ts';
import { telemetryQuery } from '../models/queries.ts';
import { useDays } from '../usage/queries.ts';
import { totalOf } from '../usage/days.ts';
import { shareOver } from './board.ts';
import { useSightWords } from './words.ts';

const shownDays = 7;
const window = '7d';
const more = 'text-xs underline';

/** What the tenant's rooms tell of themselves. Every tile leads to the list that it counts. */
export const Figures = () => {
  const say = useSightWords();
  const number = useNumbers();
  const { capabilities } = useSuspenseQuery(meQuery).data;
  const may = (capability: string) => capabilities.includes(capability);
  const approvals = useQuery(openApprovalsQuery);
  const telemetry = useQuery({ ...telemetryQuery(window), enabled: may('inference:invoke') });
  const days = useDays(shownDays, 'model', may('billing:read'));
  const index = useQuery({ ...indexQuery, enabled: may('memory:read') });
  const buffer = useQuery({ ...bufferQuery, enabled: may('memory:read') });
  const open = useInfiniteQuery({ ...suggestionsQuery('open'), enabled: may('benchmark:read') });
  const health = useQuery(healthQuery);
  const status = useQuery(statusQuery);
  const stop = useQuery(killSwitchQuery);
  const failed = say('failed');
  const ifMay = (capability: string, state: KpiState) => (may(capability) ? state : untold(say('noRight', { capability })));
  const today = { data: days.today, dataUpdatedAt: days.at, isRefetchError: days.isRefetchError, error: days.error };
  const perDay = (value: (day: NonNullable<typeof days.today>) => number) => () => days.read.map((day) => (day ? value(day) : null));
  const share = (value: number | null) => (value === null ? null : number.share(value));
  return (
    <section aria-label={say('numbers')}>
      <h2 className="sr-only">{say('numbers')}</h2>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
        <KpiTile label={say('killSwitch')} source="GET /v1/killswitch" state={tileOf(stop, (now) => (now.engaged ? say('stopped') : say('running')), failed, failed)} action={<Link to="/stop" className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('approvals')} source="GET /v1/approvals?state=pending" state={tileOf(approvals, (page) => `${number.whole(page.data.length)}${page.next_cursor ? '+' : ''}`, failed, failed)} action={<Link to="/inbox" className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('calls')} source="GET /v1/models/telemetry" state={ifMay('inference:invoke', tileOf(telemetry, (now) => number.whole(now.data.reduce((sum, one) => sum + one.calls, 0)), failed, failed, may('billing:read') ? perDay((day) => totalOf(day).calls) : undefined))} action={<Link to="/models" className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('errors')} source="GET /v1/models/telemetry" state={ifMay('inference:invoke', tileOf(telemetry, (now) => share(shareOver(now.data, 'error_rate')), say('noCalls'), failed))} action={<Link to="/models" className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('refusals')} source="GET /v1/models/telemetry" state={ifMay('inference:invoke', tileOf(telemetry, (now) => share(shareOver(now.data, 'refusal_rate')), say('noCalls'), failed))} action={<Link to="/models" className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('spend')} source="GET /v1/billing/usage" state={ifMay('billing:read', tileOf(today, (day) => number.money(day.budget.spent, day.currency), failed, failed, perDay((day) => totalOf(day).cost)))} action={<Link to="/usage" className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('budget')} source="GET /v1/billing/usage" state={ifMay('billing:read', tileOf(today, (day) => share(day.budget.ratio), say('noBudget'), failed))} action={<Link to="/usage" search={{ tab: 'limits' }} className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('suggestions')} source="GET /v1/promotions?status=open" state={ifMay('benchmark:read', tileOf(open, (all) => `${number.whole(all.pages.reduce((sum, page) => sum + page.data.length, 0))}${all.pages.at(-1)?.next_cursor ? '+' : ''}`, failed, failed))} action={<Link to="/benchmarks" search={{ tab: 'suggestions', status: 'open' }} className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('memories')} source="GET /v1/memory/index" state={ifMay('memory:read', tileOf(index, (all) => (all.data.length === 0 ? null : number.whole(all.data.reduce((sum, one) => sum + one.memories, 0))), say('noIndex'), failed))} action={<Link to="/memories" search={{ tab: 'items' }} className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('behind')} source="GET /v1/memory/index" state={ifMay('memory:read', tileOf(index, (all) => (all.data.length === 0 ? null : number.whole(all.data.reduce((sum, one) => sum + one.pending, 0))), say('noIndex'), failed))} action={<Link to="/memories" search={{ tab: 'buffer' }} className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('waiting')} source="GET /v1/outbox/status" state={ifMay('memory:read', tileOf(buffer, (now) => number.whole(now.depth), failed, failed))} action={<Link to="/memories" search={{ tab: 'buffer', state: 'queued' }} className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('dead')} source="GET /v1/outbox/status" state={ifMay('memory:read', tileOf(buffer, (now) => number.whole(now.dead_letters), failed, failed))} action={<Link to="/memories" search={{ tab: 'buffer', state: 'dead' }} className={more}>{say('seeAll')}</Link>} />
        <KpiTile label={say('journal')} source="GET /readyz?verbose" state={tileOf(health, (now) => { const age = now.checks?.find((one) => one.name === 'journal')?.value; return age === null || age === undefined ? null : number.seconds(age); }, say('noJournal'), failed)} />
        <KpiTile label={say('uptime')} source="GET /v1/status" state={tileOf(status, (now) => number.seconds(now.uptime_seconds), failed, failed)} />
      </div>
    </section>
  );
};

/** What belongs here and no route tells: a dash with the reason. */
export const Untold = () => {
  const say = useSightWords();
  const parts = [['drills', 'noDrill'], ['expected', 'noScan'], ['capsuleRuns', 'noCapsules'], ['voice', 'noVoice'], ['regions', 'noRegions']] as const;
  return (
    <section aria-labelledby="untold">
      <h2 id="untold" className="text-base font-semibold">{say('untold')}</h2><p className="mb-3 text-sm text-muted">{say('untoldHint')}</p>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-5">{parts.map(([label, reason]) => <KpiTile key={label} label={say(label)} source="" state={untold(say(reason))} className="bg-transparent shadow-none" />)}</div>
    </section>
  );
};
