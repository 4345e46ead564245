import { buttonLook } from '@somastack/uix';
import { Link } from '@tanstack/react-router';
import { MonitorPlay } from 'lucide-react';
import { useCallback } from 'react';
import { PageHead } from '~/app/PageHead.tsx';
import { Board } from './Board.tsx';
import { Charts } from './Charts.tsx';
import { Figures, Untold } from './Figures.tsx';
import { Kiosk } from './Kiosk.tsx';
import { pages, route } from './screen.ts';
import { Timeline } from './Timeline.tsx';
import { useSightWords } from './words.ts';

/** How everything stands, on one page; on a wall, one part after the other. */
export const Sight = () => {
  const say = useSightWords();
  const go = route.useNavigate();
  const { kiosk, page = 'board' } = route.useSearch();
  const turn = useCallback((at: number) => void go({ to: '/sight', search: (old) => ({ ...old, page: pages[at] }), replace: true }), [go]);
  if (kiosk) {
    const content = { board: <Board />, numbers: <Figures />, charts: <Charts />, anomalies: <Timeline /> };
    return <Kiosk parts={pages.map((id) => ({ id, title: say(id), content: content[id] }))} at={pages.indexOf(page)} onTurn={turn} onLeave={() => void go({ to: '/sight', search: {} })} />;
  }
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} actions={<Link from={route.fullPath} to="/sight" search={{ kiosk: true }} className={buttonLook({ size: 'sm' })}><MonitorPlay aria-hidden className="size-4" />{say('kiosk')}</Link>} />
      <div className="flex flex-col gap-5 p-5"><Board /><Figures /><Charts /><Timeline /><Untold /></div>
    </>
  );
};
