import { useNavigate, useRouter } from '@tanstack/react-router';
import { placeOf, type Notice, type Place } from './fold.ts';

/** Where a notification leads in this console, and how to go there. */
export const useOpen = () => {
  const router = useRouter();
  const go = useNavigate();
  const place = (notice: Pick<Notice, 'link'>) => placeOf(notice.link, (path) => path in router.routesByPath);
  const open = (to: Place) => {
    if ('href' in to) window.open(to.href, '_blank', 'noopener,noreferrer');
    else void go(to as never);
  };
  return { place, open };
};
