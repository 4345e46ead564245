import { Badge, Button, Card, CardBody, Dialog, EmptyState, Field, Input, Select, TextArea, useToast, VirtualList } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { api, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure, FailureLine } from '~/app/Failure.tsx';
import { relativeTime } from '~/app/time.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { publishersQuery } from './queries.ts';
import { useToolWords } from './words.ts';

type Publisher = Schemas['PublisherView'];

const nameMax = 100;

const Unpin = ({ publisher, onClose }: { publisher: Publisher; onClose: () => void }) => {
  const say = useToolWords();
  const toast = useToast();
  const client = useQueryClient();
  const stepUp = useStepUp();
  const [key] = useState(newKey);
  const unpin = useMutation({
    mutationFn: () => stepUp(() => api.DELETE('/v1/tool-publishers/{keyId}', { params: { path: { keyId: publisher.key_id }, query: { scope: publisher.scope }, header: { 'Idempotency-Key': key } } })),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('unpinned') });
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['tools'] }),
  });
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={say('unpinTitle', { name: publisher.name })} hint={say('unpinText')}>
      <div className="flex flex-col gap-3"><code className="font-mono text-xs break-all">{publisher.key_id}</code><FailureLine cause={unpin.error} /><div className="flex items-center gap-2"><Button look="danger" busy={unpin.isPending} onClick={() => unpin.mutate()}>{say('unpinNow')}</Button><CopyRequest method="DELETE" path={`/v1/tool-publishers/${publisher.key_id}?scope=${publisher.scope}`} cli={`soma tool unpin ${publisher.key_id}`} /></div></div>
    </Dialog>
  );
};

const Pin = ({ me }: { me: Schemas['MeView'] }) => {
  const say = useToolWords();
  const toast = useToast();
  const client = useQueryClient();
  const stepUp = useStepUp();
  const empty = { name: '', public_key: '', scope: 'tenant' };
  const [form, setForm] = useState(empty);
  const pin = useMutation({
    mutationFn: (key: string) => stepUp(() => api.POST('/v1/tool-publishers', { params: { header: { 'Idempotency-Key': key } }, body: { name: form.name.trim(), public_key: form.public_key.trim(), scope: form.scope } })),
    onSuccess: () => {
      toast({ tone: 'ok', title: say('pinned') });
      setForm(empty);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['tools'] }),
  });
  const set = (change: Partial<typeof empty>) => setForm((old) => ({ ...old, ...change }));
  return (
    <Card title={say('pinTitle')} hint={say('pinHint')}>
      <CardBody>
        <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); pin.mutate(newKey()); }}>
          <div className="grid gap-3 sm:grid-cols-2">
            <Field label={say('name')}>{(parts) => <Input {...parts} value={form.name} onChange={(event) => set({ name: event.target.value })} required maxLength={nameMax} />}</Field>
            {me.capabilities.includes('platform:admin') ? <Field label={say('scope')}>{(parts) => <Select {...parts} value={form.scope} onChange={(event) => set({ scope: event.target.value })}><option value="tenant">{say('tenant')}</option><option value="installation">{say('installation')}</option></Select>}</Field> : null}
          </div>
          <Field label={say('publicKey')}>{(parts) => <TextArea {...parts} value={form.public_key} onChange={(event) => set({ public_key: event.target.value })} required spellCheck={false} className="min-h-16 font-mono text-sm" />}</Field>
          <FailureLine cause={pin.error} />
          <div className="flex items-center gap-2"><Button look="primary" type="submit" busy={pin.isPending}>{say('pin')}</Button><CopyRequest method="POST" path="/v1/tool-publishers" body={form} cli={`soma tool pin ${form.public_key.trim() || 'PUBLIC_KEY'} --name "${form.name}"`} /></div>
        </form>
      </CardBody>
    </Card>
  );
};

/** Whose signatures count. */
export const Publishers = ({ me }: { me: Schemas['MeView'] }) => {
  const say = useToolWords();
  const common = useCommon();
  const lang = useLanguage();
  const [unpinning, setUnpinning] = useState<Publisher | null>(null);
  const list = useInfiniteQuery(publishersQuery);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const mayTake = (one: Publisher) => one.scope === 'tenant' || (one.scope === 'installation' && me.capabilities.includes('platform:admin'));
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5 max-sm:p-3">
      <Card title={say('publishers')} hint={say('publishersHint')}>
        {list.error ? <Failure cause={list.error} onRetry={() => void list.refetch()} compact /> : list.isPending ? <p role="status" className="p-4 text-muted">{common('loading')}</p> : rows.length === 0 ? <EmptyState icon={<KeyRound />} title={say('noPublishers')} className="py-8">{say('noPublishersText')}</EmptyState> : (
          <VirtualList label={say('publishers')} rows={rows} rowId={(one) => `${one.scope} ${one.key_id}`} rowHeight={48} onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} className="max-h-96 overflow-y-auto" rowClassName="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
            {(one) => (
              <>
                <span className="font-medium break-words">{one.name}</span><Badge>{one.scope === 'tenant' || one.scope === 'installation' || one.scope === 'file' ? say(one.scope) : one.scope}</Badge><code className="font-mono text-xs break-all text-muted" title={one.public_key}>{one.key_id}</code>
                <span className="text-sm text-muted">{one.pinned_by ? say('setBy', { who: one.pinned_by, when: one.pinned_at ? relativeTime(new Date(one.pinned_at), lang) : '—' }) : null}</span>
                {mayTake(one) ? <Button size="sm" look="danger" className="ms-auto" aria-label={`${say('unpin')} ${one.name}`} onClick={() => setUnpinning(one)}>{say('unpin')}</Button> : null}
              </>
            )}
          </VirtualList>
        )}
      </Card>
      <Pin me={me} />
      {unpinning ? <Unpin publisher={unpinning} onClose={() => setUnpinning(null)} /> : null}
    </div>
  );
};
