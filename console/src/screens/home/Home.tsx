import { AsOf, Badge, buttonLook, Card, EmptyState, KpiTile } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CheckCheck, MessagesSquare } from 'lucide-react';
import { api, bodyOf } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { killSwitchQuery, meQuery, openApprovalsQuery } from '~/app/queries.ts';
import { Running } from '~/app/Running.tsx';
import { tileOf } from '~/app/tile.ts';
import { relativeTime } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import { sessionsQuery } from '../chat/queries.ts';
import type { ApprovalLine } from '../inbox/approval.ts';
import { useHomeWords } from './words.ts';

const recentMax = 6;
const slowMs = 30_000;

const constitutionQuery = { queryKey: ['constitution', 'version'], queryFn: () => bodyOf(api.GET('/v1/constitution/version', {})), refetchInterval: slowMs } as const;

const Approvals = ({ rows }: { rows: readonly ApprovalLine[] }) => {
  const say = useHomeWords();
  const lang = useLanguage();
  return (
    <ul className="divide-y divide-line">
      {rows.map((row) => (
        <li key={row.id}>
          <Link to="/inbox" search={{ id: row.id }} className="flex items-center gap-3 px-4 py-3 hover:bg-hover">
            <div className="min-w-0 flex-1"><p className="truncate font-medium">{row.summary}</p><p className="text-sm text-muted">{say('asks', { who: row.requester, when: relativeTime(new Date(row.created_at), lang) })}</p></div>
            <Badge tone="warn">{relativeTime(new Date(row.expires_at), lang)}</Badge>
          </Link>
        </li>
      ))}
    </ul>
  );
};

const Recent = () => {
  const say = useHomeWords();
  const lang = useLanguage();
  const sessions = useInfiniteQuery(sessionsQuery);
  const rows = sessions.data?.pages[0]?.data.slice(0, recentMax) ?? [];
  return (
    <Card title={say('recent')} actions={<Link to="/chat/{-$session}" params={{}} className={buttonLook({ size: 'sm' })}>{say('newChat')}</Link>}>
      {rows.length === 0 ? <EmptyState icon={<MessagesSquare />} title={say('noRecent')} className="py-8" /> : (
        <ul className="divide-y divide-line">
          {rows.map((row) => <li key={row.id}><Link to="/chat/{-$session}" params={{ session: row.id }} className="flex items-baseline gap-3 px-4 py-2.5 hover:bg-hover"><span dir="auto" className="min-w-0 flex-1 truncate">{row.title}</span><span className="text-xs whitespace-nowrap text-muted">{relativeTime(new Date(row.updated_at), lang)}</span></Link></li>)}
        </ul>
      )}
    </Card>
  );
};

/** What needs this person first, then how things stand. */
export const Home = () => {
  const say = useHomeWords();
  const lang = useLanguage();
  const me = useSuspenseQuery(meQuery).data;
  const approvals = useQuery(openApprovalsQuery);
  const constitution = useQuery(constitutionQuery);
  const stop = useQuery(killSwitchQuery);
  const decides = me.capabilities.includes('approval:decide');
  const open = approvals.data?.data ?? [];
  const forMe = decides ? open.filter((row) => row.requester !== me.principal) : [];
  const mine = open.filter((row) => row.requester === me.principal);
  const facts = [me.login !== null, me.mfa_enrolled];
  const done = facts.filter(Boolean).length;
  return (
    <div className="mx-auto flex max-w-5xl flex-col gap-5 p-5 lg:p-8">
      <h1 className="text-2xl font-semibold tracking-tight">{say('hello', { name: me.display_name })}</h1>
      {done < facts.length ? <Card><div className="flex flex-wrap items-center gap-3 p-4"><div className="min-w-0 flex-1"><h2 className="font-semibold">{say('setupTitle')}</h2><p className="text-sm text-muted">{say('setupText', { n: done, total: facts.length })}</p></div><Link to="/setup" className={buttonLook({ look: 'plain' })}>{say('setupGo')}</Link></div></Card> : null}
      <Card title={say('needsYou')} actions={<><AsOf at={approvals.dataUpdatedAt ? new Date(approvals.dataUpdatedAt) : null} locale={lang} /><CopyRequest method="GET" path="/v1/approvals?state=pending" cli="soma approval list" /></>}>{forMe.length > 0 ? <Approvals rows={forMe} /> : <EmptyState icon={<CheckCheck />} title={say('nothing')} className="py-8">{say('nothingText')}</EmptyState>}</Card>
      {mine.length > 0 ? <Card title={say('mine')} hint={say('mineText')}><Approvals rows={mine} /></Card> : null}
      <div className="grid gap-4 sm:grid-cols-3">
        <KpiTile label={say('waiting')} source="GET /v1/approvals?state=pending" state={tileOf(approvals, (page) => `${page.data.length.toLocaleString(lang)}${page.next_cursor ? '+' : ''}`, say('none'), say('failed'))} />
        <KpiTile label={say('constitution')} source="GET /v1/constitution/version" state={tileOf(constitution, (answer) => String(answer.version), say('none'), say('failed'))} />
        <KpiTile label={say('state')} source="GET /v1/killswitch" state={tileOf(stop, (answer) => (answer.engaged ? say('stopped') : say('running')), say('none'), say('failed'))} />
      </div>
      <div className="grid items-start gap-5 lg:grid-cols-2">{me.capabilities.includes('session:read') ? <Recent /> : null}<Running /></div>
    </div>
  );
};
