import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf, newKey } from '~/api/client.ts';
import { serverNow } from '../clock.ts';
import { snoozeUntil, type Notice, type Snooze } from './fold.ts';

export const newestMax = 50;

export const newestQuery = queryOptions({ queryKey: ['notifications', 'newest'], queryFn: async () => (await bodyOf(api.GET('/v1/notifications', { params: { query: { limit: newestMax } } }))).data as readonly Notice[] });
export const waitingQuery = queryOptions({ queryKey: ['notifications', 'waiting'], queryFn: async () => (await bodyOf(api.GET('/v1/notifications', { params: { query: { state: 'attention', limit: newestMax } } }))).data as readonly Notice[] });
export const mutesQuery = queryOptions({ queryKey: ['notifications', 'mutes'], queryFn: async () => (await bodyOf(api.GET('/v1/notifications/mutes'))).data, staleTime: 60_000 });

export type NoticeAct = { act: 'read' | 'unread' | 'acknowledge'; id: string } | { act: 'snooze'; id: string; until: Snooze | null };

const send = (what: NoticeAct) => {
  const params = { path: { id: what.id }, header: { 'Idempotency-Key': newKey() } };
  if (what.act === 'read') return bodyOf(api.POST('/v1/notifications/{id}/read', { params }));
  if (what.act === 'unread') return bodyOf(api.POST('/v1/notifications/{id}/unread', { params }));
  if (what.act !== 'snooze') return bodyOf(api.POST('/v1/notifications/{id}/acknowledge', { params }));
  return bodyOf(api.POST('/v1/notifications/{id}/snooze', { params, body: { until: what.until === null ? null : snoozeUntil(what.until, new Date(serverNow())).toISOString() } }));
};

/** What a person does with a notification of his. */
export const useNoticeActs = () => {
  const client = useQueryClient();
  return useMutation({ mutationFn: send, onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }) });
};
