import { Badge, Banner, Button, Card, CardBody, Table, useToast } from '@somastack/uix';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, newKey } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { DiffList } from '~/app/diff/DiffList.tsx';
import { jsonDiff } from '~/app/diff/jsonDiff.ts';
import { Failure } from '~/app/Failure.tsx';
import { approvalHeader, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { instant } from '~/app/time.ts';
import { useCommon } from '~/i18n/common.ts';
import { useLanguage } from '~/i18n/words.ts';
import { approvalQuery } from '../chat/queries.ts';
import { VersionState } from './badges.tsx';
import { differenceOf } from './difference.ts';
import { askedQuery, versionsQuery, type AdapterView, type Version } from './queries.ts';
import { ReasonDialog } from './ReasonDialog.tsx';
import { useToolWords } from './words.ts';

/** What a candidate may do more or less, as the request says to which the second person agrees. */
const Difference = ({ adapter, version, inForce }: { adapter: string; version: Version; inForce: Version | undefined }) => {
  const say = useToolWords();
  const common = useCommon();
  const asked = useQuery(askedQuery);
  const mine = asked.data?.data.filter((one) => one.resource === adapter) ?? [];
  // Of several requests the one for this version is found by what it is about.
  const views = [useQuery({ ...approvalQuery(mine[0]?.id ?? ''), enabled: mine.length > 0 }), useQuery({ ...approvalQuery(mine[1]?.id ?? ''), enabled: mine.length > 1 })];
  const found = views.flatMap((view) => (view.data ? [{ id: view.data.approval.id, changes: differenceOf(view.data.arguments, version.version) }] : [])).find((one) => one.changes !== null);
  const documents = jsonDiff(inForce?.manifest ?? {}, version.manifest);
  return (
    <Card title={`${say('difference')}: ${version.version}`} hint={say('differenceHint')} actions={found ? <Link to="/inbox" search={{ id: found.id, state: 'all' }} className="text-sm underline">{say('decide')}</Link> : null}>
      <CardBody className="flex flex-col gap-4">
        {asked.error ? <Failure cause={asked.error} compact /> : asked.isPending || views.some((view) => view.isLoading) ? <p role="status" className="text-muted">{common('loading')}</p> : !found?.changes ? <p className="text-sm text-muted">{say('noAsked')}</p> : (
          <Table label={say('difference')} rows={found.changes} rowId={(one) => `${one.what} ${one.change} ${one.name}`} empty={<p className="text-sm text-muted">{say('noDifference')}</p>} className="rounded-md border border-line"
            columns={[
              { id: 'what', header: say('what'), cell: (one) => one.what },
              { id: 'change', header: say('change'), cell: (one) => <span className="flex gap-1"><Badge tone={one.widens ? 'bad' : 'neutral'}>{one.change}</Badge>{one.widens ? <Badge tone="bad">{say('widens')}</Badge> : null}</span> },
              { id: 'name', header: say('name'), wrap: true, cell: (one) => <code className="font-mono text-xs break-all">{one.name}</code> },
              { id: 'from', header: say('from'), wrap: true, cell: (one) => one.from ?? '—' },
              { id: 'to', header: say('to'), wrap: true, cell: (one) => one.to ?? '—' },
            ]} />
        )}
        <details><summary className="cursor-pointer text-sm text-muted">{say('documents')}</summary><DiffList changes={documents} /></details>
      </CardBody>
    </Card>
  );
};

/** Every version that was registered; one comes into force with two keys, and a revoked one never does. */
export const Versions = ({ view, manages }: { view: AdapterView; manages: boolean }) => {
  const say = useToolWords();
  const common = useCommon();
  const lang = useLanguage();
  const toast = useToast();
  const client = useQueryClient();
  const { id, source } = view.adapter;
  const [revoking, setRevoking] = useState<string | null>(null);
  const list = useInfiniteQuery({ ...versionsQuery(id), enabled: manages && source !== 'native' });
  const keys = useTwoKeys(
    async (version: string, approval) => (await api.POST('/v1/adapters/{id}/versions/{version}/activate', { params: { path: { id, version }, header: { 'Idempotency-Key': newKey() } }, headers: approvalHeader(approval) })).data!,
    () => {
      toast({ tone: 'ok', title: say('inForce') });
      void client.invalidateQueries({ queryKey: ['tools'] });
    },
  );
  if (source === 'native') return <p className="p-5 text-muted">{say('noVersions')}</p>;
  if (!manages) return <p className="p-5 text-muted">{say('needsManage')} <code className="font-mono">tool:manage</code></p>;
  if (list.error) return <Failure cause={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <p role="status" className="p-5 text-muted">{common('loading')}</p>;
  const rows = list.data.pages.flatMap((page) => page.data);
  const inForce = rows.find((one) => one.state === 'active');
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-5 max-sm:p-3">
      <TwoKeys keys={keys} />
      <Card title={say('versions')} actions={<CopyRequest method="GET" path={`/v1/adapters/${id}/versions`} cli={`soma tool versions ${id}`} />}>
        <ul aria-label={say('versions')} className="flex flex-col divide-y divide-line">
          {rows.map((one) => (
            <li key={one.version} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
              <span className="font-medium tabular-nums">{one.version}</span><VersionState state={one.state} /><Badge tone={one.signature ? 'neutral' : 'warn'}>{one.signature ? `${say('signedBy')} ${one.signature.key_id.slice(0, 12)}` : say('unsigned')}</Badge>
              <span className="text-sm text-muted">{say('registeredBy', { who: one.registered_by })} · <time dateTime={one.registered_at}>{instant(lang).format(new Date(one.registered_at))}</time></span>
              <code className="font-mono text-xs text-muted" title={one.digest}>{one.digest.slice(0, 12)}</code>
              <span className="ms-auto flex flex-wrap gap-2">
                {one.state === 'candidate' || one.state === 'replaced' ? <Button size="sm" busy={keys.busy} disabled={keys.asked !== null} aria-label={`${say('bringIn')} ${one.version}`} onClick={() => keys.ask(one.version)}>{say('bringIn')}</Button> : null}
                {one.state === 'revoked' ? null : <Button size="sm" look="danger" aria-label={`${say('revoke')} ${one.version}`} onClick={() => setRevoking(one.version)}>{say('revoke')}</Button>}
              </span>
            </li>
          ))}
        </ul>
        {list.hasNextPage ? <CardBody><Button size="sm" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{common('more')}</Button></CardBody> : null}
      </Card>
      {rows.filter((one) => one.state === 'candidate').map((one) => <Difference key={one.version} adapter={id} version={one} inForce={inForce} />)}
      {view.adapter.status === 'untrusted' ? <Banner tone="bad" title={view.adapter.reason ?? say('untrusted')} /> : null}
      {revoking ? <ReasonDialog title={say('revokeTitle', { version: revoking })} text={say('revokeText')} button={say('revokeNow')} done={say('wasRevoked')} required path={`/v1/adapters/${id}/revoke`} body={(reason) => ({ reason, version: revoking })} onClose={() => setRevoking(null)} act={(reason, key) => api.POST('/v1/adapters/{id}/revoke', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { reason, version: revoking } })} /> : null}
    </div>
  );
};
