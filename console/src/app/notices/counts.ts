import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '~/api/client.ts';

const liveMs = 120_000;
const pollMs = 5_000;

/** While the feed tells by itself, a look now and then is enough. */
export const everyMs = (live: boolean) => (live ? liveMs : pollMs);

export const countsQuery = queryOptions({ queryKey: ['notifications', 'counts'], queryFn: () => bodyOf(api.GET('/v1/notifications/counts')) });
