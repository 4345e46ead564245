import { Badge, Banner, Button, Card, CopyButton, Dialog, EmptyState, Menu, Table, useToast } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, Webhook as WebhookIcon } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { useNoticeWords, type Severity } from '~/app/notices/words.ts';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { webhooksQuery, type Webhook } from './queries.ts';
import { route } from './screen.ts';
import { WebhookDialog } from './WebhookDialog.tsx';
import { useNotificationWords } from './words.ts';

/** A secret is here until the person says that it is kept, and nowhere afterwards. */
const SecretDialog = ({ made, onClose }: { made: Schemas['WebhookWithSecret']; onClose: () => void }) => {
  const say = useNotificationWords();
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('secretTitle')} hint={say('secretText')}>
      <div className="flex flex-col gap-4">
        <p className="text-sm text-muted">{made.webhook.url}</p>
        <div className="flex items-center gap-2 rounded-md border border-line bg-sunken p-3"><code data-secret className="min-w-0 flex-1 font-mono text-sm break-all">{made.secret}</code><CopyButton value={made.secret} label={say('copySecret')} look="plain" /></div>
        <Button look="primary" className="self-start" onClick={onClose}>{say('secretKept')}</Button>
      </div>
    </Dialog>
  );
};

const DeleteDialog = ({ hook, busy, onDelete, onClose, cause }: { hook: Webhook; busy: boolean; onDelete: () => void; onClose: () => void; cause: unknown }) => {
  const say = useNotificationWords();
  const common = useCommon();
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('deleteTitle')} hint={say('deleteText')}>
      <p className="mb-4 break-all">{hook.url}</p><FailureLine cause={cause} />
      <div className="flex gap-2"><Button look="danger" busy={busy} onClick={onDelete}>{say('delete')}</Button><Button onClick={onClose}>{common('cancel')}</Button></div>
    </Dialog>
  );
};

/** Everything that is done to an endpoint, each with its answer said. */
const useHookActs = (onSecret: (made: Schemas['WebhookWithSecret']) => void) => {
  const say = useNotificationWords();
  const toast = useToast();
  const stepUp = useStepUp();
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey });
  const path = (hook: Webhook) => ({ path: { id: hook.id } });
  const keyed = (hook: Webhook) => ({ ...path(hook), header: { 'Idempotency-Key': newKey() } });
  const match = (hook: Webhook) => ({ 'If-Match': `"${hook.version}"` });
  return {
    test: useMutation({ mutationFn: (hook: Webhook) => stepUp(() => bodyOf(api.POST('/v1/webhooks/{id}/test', { params: path(hook) }))), onSuccess: (answer) => toast({ tone: answer.delivered ? 'ok' : 'bad', title: answer.delivered ? say('testOk') : say('testBad'), detail: `${answer.status ?? ''} ${answer.reason} · ${Math.round(answer.took_ms)} ms` }), onSettled }),
    rotate: useMutation({ mutationFn: (hook: Webhook) => stepUp(() => bodyOf(api.POST('/v1/webhooks/{id}/rotate', { params: path(hook), body: {} }))), onSuccess: onSecret, onSettled }),
    enable: useMutation({ mutationFn: (hook: Webhook) => stepUp(() => bodyOf(api.PATCH('/v1/webhooks/{id}', { params: keyed(hook), headers: match(hook), body: { enabled: hook.disabled_at !== null } }))), onSettled }),
    replay: useMutation({ mutationFn: (hook: Webhook) => stepUp(() => bodyOf(api.POST('/v1/webhooks/{id}/replay', { params: keyed(hook) }))), onSuccess: (answer) => toast({ tone: 'ok', title: say('replayedMany', { n: `${answer.replayed}${answer.more ? '+' : ''}` }) }) }),
    remove: useMutation({ mutationFn: (hook: Webhook) => stepUp(() => api.DELETE('/v1/webhooks/{id}', { params: keyed(hook), headers: match(hook) })), onSettled }),
  };
};

/** Endpoints that notifications are posted to: one's own and, for administrators, the tenant's. */
export const Webhooks = () => {
  const say = useNotificationWords();
  const word = useNoticeWords();
  const common = useCommon();
  const lang = useLanguage();
  const go = route.useNavigate();
  const [secret, setSecret] = useState<Schemas['WebhookWithSecret'] | null>(null);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Webhook | null>(null);
  const acts = useHookActs(setSecret);
  const list = useInfiniteQuery(webhooksQuery);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const add = <Button size="sm" look="primary" onClick={() => setAdding(true)}>{say('newHook')}…</Button>;
  const state = (hook: Webhook) =>
    hook.disabled_at ? <span className="flex flex-col items-start gap-0.5"><Badge tone="bad">{say('off')}</Badge><span className="text-sm text-muted">{hook.disabled_reason}</span></span>
      : hook.failing_since ? <span className="flex flex-col items-start gap-0.5"><Badge tone="warn">{say('failing')}</Badge><span className="text-sm text-muted">{relativeTime(new Date(hook.failing_since), lang)}</span></span> : <Badge tone="ok">{say('on')}</Badge>;
  const items = (hook: Webhook) => [
    { id: 'rotate', label: say('rotate'), onSelect: () => acts.rotate.mutate(hook) },
    { id: 'enable', label: hook.disabled_at ? say('switchOn') : say('switchOff'), onSelect: () => acts.enable.mutate(hook) },
    { id: 'ledger', label: say('deliveriesOf'), onSelect: () => void go({ to: '/notifications', search: { tab: 'deliveries', target: hook.id } }) },
    { id: 'replay', label: say('replayDead'), onSelect: () => acts.replay.mutate(hook) },
    { id: 'delete', label: `${say('delete')}…`, danger: true, onSelect: () => setLeaving(hook) },
  ];
  const busy = (hook: Webhook) => acts.test.isPending && acts.test.variables.id === hook.id;
  return (
    <div className="flex flex-col gap-4 p-5">
      <Card title={say('webhooks')} hint={say('webhooksText')} actions={<>{add}<CopyRequest method="GET" path="/v1/webhooks" cli="soma webhook list" /></>}>
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : (
          <Table label={say('webhooks')} rows={rows} rowId={(hook) => hook.id} empty={<EmptyState icon={<WebhookIcon />} title={say('noHooks')} action={add}>{say('noHooksText')}</EmptyState>}
            columns={[
              { id: 'url', header: say('url'), cell: (hook) => <span className="flex flex-col"><span className="break-all">{hook.url}</span>{hook.description ? <span className="text-sm font-normal text-muted">{hook.description}</span> : null}</span>, wrap: true },
              { id: 'scope', header: say('scope'), cell: (hook) => (hook.scope === 'tenant' ? say('scopeTenant') : say('scopeMine')) },
              { id: 'what', header: say('gets'), cell: (hook) => <>{hook.severity_threshold === 'info' ? say('everything') : say('atLeast', { severity: word(hook.severity_threshold as Severity) })}{hook.kinds.length ? <span className="text-muted"> · {hook.kinds.map((kind) => say(kind as 'alert')).join(', ')}</span> : null}</> },
              { id: 'state', header: say('state'), cell: state },
              { id: 'old', header: say('oldSecret'), cell: (hook) => (hook.old_secret_until ? say('signsUntil', { when: relativeTime(new Date(hook.old_secret_until), lang) }) : '—') },
              { id: 'act', header: '', cell: (hook) => <span className="inline-flex gap-1"><Button size="sm" busy={busy(hook)} aria-label={`${say('test')}: ${hook.url}`} onClick={() => acts.test.mutate(hook)}>{say('test')}</Button><Menu trigger={<Button look="quiet" size="icon" className="size-7" aria-label={`${say('more')}: ${hook.url}`}><Ellipsis aria-hidden className="size-4" /></Button>} items={items(hook)} /></span>, end: true },
            ]} />
        )}
        {list.hasNextPage ? <div className="p-3"><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button></div> : null}
        <div className="px-4 py-1 empty:hidden"><FailureLine cause={acts.test.error ?? acts.rotate.error ?? acts.enable.error ?? acts.replay.error} /></div>
      </Card>
      <Banner tone="info" title={say('signedTitle')}>{say('signedText')}</Banner>
      {adding ? <WebhookDialog onClose={() => setAdding(false)} onMade={(made) => { setAdding(false); setSecret(made); }} /> : null}
      {secret ? <SecretDialog made={secret} onClose={() => { setSecret(null); acts.rotate.reset(); }} /> : null}
      {leaving ? <DeleteDialog hook={leaving} busy={acts.remove.isPending} cause={acts.remove.error} onDelete={() => acts.remove.mutate(leaving, { onSuccess: () => setLeaving(null) })} onClose={() => setLeaving(null)} /> : null}
    </div>
  );
};
