import type { useToast } from '@somastack/uix';
import type { QueryClient } from '@tanstack/react-query';
import { serverNow } from '../clock.ts';
import { countsQuery } from './counts.ts';
import { blocks, withFrame, type Frame } from './fold.ts';
import { follow } from './follow.ts';
import { mutesQuery, newestMax, newestQuery } from './queries.ts';

/** Frames that come together are one reading. A message to many is read again by many, so not at the same moment. */
const togetherMs = 150;
const spreadMs = 1_500;

/**
 * Keeps the bell, the tray and the centre as the feed tells, and interrupts for what blocks the person.
 * @returns ends it.
 */
export const feed = (tenant: string, client: QueryClient, toast: ReturnType<typeof useToast>) => {
  let rereading: ReturnType<typeof setTimeout> | undefined;
  let counting: ReturnType<typeof setTimeout> | undefined;
  const reread = (name?: 'counts') => void client.invalidateQueries({ queryKey: name ? countsQuery.queryKey : ['notifications'], predicate: (query) => name !== undefined || query.queryKey[1] !== 'counts' });
  const listsSoon = () => {
    clearTimeout(rereading);
    rereading = setTimeout(reread, togetherMs);
  };
  const onFrame = (frame: Frame) => {
    if (frame.type === 'hello' || frame.type === 'counts') {
      clearTimeout(counting);
      client.setQueryData(countsQuery.queryKey, frame.type === 'hello' ? frame.data.counts : frame.data);
    }
    // Updates are not kept for who was away, so a new connection reads the lists again.
    if (frame.type === 'hello' || frame.type === 'reload') return listsSoon();
    if (frame.type !== 'notification' && frame.type !== 'update') return;
    // Whoever looks at what waits for him sees it when the bell does.
    if (frame.type === 'update' || frame.data.source.startsWith('somastack.approvals.')) void client.invalidateQueries({ queryKey: ['approvals'] });
    const mutes = client.getQueryData(mutesQuery.queryKey) ?? [];
    client.setQueryData(newestQuery.queryKey, (old) => old && withFrame(old, frame, mutes, newestMax, serverNow()));
    listsSoon();
    if (frame.type !== 'notification') return;
    clearTimeout(counting);
    counting = setTimeout(() => reread('counts'), togetherMs + Math.random() * spreadMs);
    if (blocks(frame.data, serverNow())) toast({ tone: frame.data.severity === 'critical' || frame.data.metadata.decision === 'reject' ? 'bad' : 'info', title: frame.data.title, detail: frame.data.body });
  };
  const end = follow(tenant, onFrame);
  return () => {
    clearTimeout(rereading);
    clearTimeout(counting);
    end();
  };
};
