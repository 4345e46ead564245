import { NotificationTray } from '@somastack/uix';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useCommon } from '~/i18n/common.ts';
import { countsQuery, everyMs } from './notices/counts.ts';
import { useLive } from './notices/live.ts';
import { useFeed } from './notices/useFeed.ts';
import { patiently } from './patiently.ts';
import { meQuery } from './queries.ts';

const TrayList = lazy(async () => ({ default: (await patiently(() => import('./notices/TrayList.tsx'))).TrayList }));

/** The bell: told by the feed, and asking by itself while there is none. */
export const Tray = () => {
  const common = useCommon();
  const me = useSuspenseQuery(meQuery).data;
  const live = useLive();
  const [open, setOpen] = useState(false);
  useFeed(me.tenant);
  const counts = useQuery({ ...countsQuery, refetchInterval: everyMs(live) });
  return (
    <NotificationTray unread={counts.data?.unread ?? 0} attention={counts.data?.attention ?? 0} more={counts.data?.more} open={open} onOpenChange={setOpen}>
      <Suspense fallback={<p role="status" className="p-6 text-center text-muted">{common('loading')}</p>}><TrayList onClose={() => setOpen(false)} /></Suspense>
    </NotificationTray>
  );
};
