import { useToast } from '@somastack/uix';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useSession } from '~/auth/session.ts';

/** Follows the feed while somebody is signed in. Its code is not part of the first screen. */
export const useFeed = (tenant: string) => {
  const client = useQueryClient();
  const toast = useToast();
  const session = useSession().kind;
  const latest = useRef(toast);
  latest.current = toast;
  useEffect(() => {
    if (session !== 'in') return;
    let end: (() => void) | null = null;
    let left = false;
    // Without it the bell goes on asking by itself.
    void import('./feed.ts').then(({ feed }) => { if (!left) end = feed(tenant, client, (message) => latest.current(message)); }).catch(() => undefined);
    return () => {
      left = true;
      end?.();
    };
  }, [client, session, tenant]);
};
