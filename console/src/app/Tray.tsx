import { NotificationTray, type Notice } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useLanguage } from '~/i18n/words.ts';
import { meQuery, openApprovalsQuery } from './queries.ts';
import { useShellWords } from './shellWords.ts';

/** The bell. What waits for this person comes first; it holds approvals until the room of notifications is there. */
export const Tray = () => {
  const say = useShellWords();
  const lang = useLanguage();
  const go = useNavigate();
  const me = useSuspenseQuery(meQuery).data;
  const approvals = useQuery(openApprovalsQuery);
  const notices: Notice[] = (approvals.data?.data ?? [])
    .filter((approval) => approval.requester !== me.principal && me.capabilities.includes('approval:decide'))
    .map((approval) => ({ id: approval.id, title: approval.summary, detail: say('asks', { who: approval.requester }), at: new Date(approval.created_at), unread: true, needsYou: true }));
  return (
    <NotificationTray notices={notices} locale={lang} onOpen={(notice) => void go({ to: '/inbox', search: { id: notice.id } })}
      footer={<Link to="/inbox" className="block rounded-md px-2 py-1 text-center text-sm text-accent hover:bg-hover">{say('allInbox')}</Link>} />
  );
};
