import { Badge, Button, useToast } from '@somastack/uix';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, newKey, type Schemas } from '~/api/client.ts';
import { DiffList } from '~/app/diff/DiffList.tsx';
import { jsonDiff } from '~/app/diff/jsonDiff.ts';
import { Failure } from '~/app/Failure.tsx';
import { approvalHeader, ifMatch, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { issuesOf, type Policy } from './document.ts';
import { checkQuery } from './queries.ts';
import { usePolicyWords } from './words.ts';

/** What was written and is not in force: how it differs, whether it could govern, and the way there. */
export const DraftBar = ({ draft, current, mayWrite, onDone }: { draft: { version: number; document: Policy }; current: Omit<Schemas['PolicyAnswer'], 'document'> & { document: Policy }; mayWrite: boolean; onDone: () => void }) => {
  const say = usePolicyWords();
  const toast = useToast();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const changes = jsonDiff(current.document, draft.document);
  const check = useQuery(checkQuery(draft.document));
  const keys = useTwoKeys(
    async (sent: { document: Policy; version: number }, approval) => (await api.PUT('/v1/policies', { body: sent.document as never, params: { header: { 'Idempotency-Key': newKey() } }, headers: { ...ifMatch(sent.version), ...approvalHeader(approval) } })).data!,
    () => {
      toast({ tone: 'ok', title: say('inForce') });
      onDone();
      void client.invalidateQueries({ queryKey: ['policies'] });
    },
  );
  const isOld = draft.version !== current.version;
  return (
    <section aria-label={say('draft')} className="flex flex-col gap-3 border-b border-line bg-sunken px-5 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="font-semibold">{say('draft')}</h2>
        <Badge tone="info">{say('changes', { n: changes.length })}</Badge>
        {check.data === null ? <Badge tone="ok">{say('valid')}</Badge> : check.data ? <Badge tone="bad">{say('invalid')}</Badge> : <Badge>{say('checking')}</Badge>}
        {isOld ? <Badge tone="warn">{say('draftOld', { n: draft.version, now: current.version })}</Badge> : null}
        <div className="ms-auto flex flex-wrap gap-2">
          <Button size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>{say('showChanges')}</Button>
          <Link to="/policies" search={(old) => ({ ...old, tab: 'simulator' as const })} className="inline-flex h-7 items-center rounded-md border border-line bg-surface px-2.5 text-sm font-medium hover:bg-hover">{say('simulate')}</Link>
          <Button size="sm" look="quiet" onClick={onDone}>{say('discard')}</Button>
          {mayWrite ? <Button size="sm" look="primary" busy={keys.busy} disabled={check.data !== null || changes.length === 0 || keys.asked !== null} onClick={() => keys.ask({ document: draft.document, version: current.version })}>{say('activate')}</Button> : null}
        </div>
      </div>
      {check.error ? <Failure cause={check.error} compact /> : check.data ? <ul className="list-disc ps-5 text-sm text-bad">{issuesOf(check.data).map((issue) => <li key={issue.mark.message}>{issue.mark.message}</li>)}</ul> : null}
      <TwoKeys keys={keys} />
      {open ? <div className="max-h-80 overflow-y-auto rounded-md border border-line bg-surface px-3" tabIndex={0} role="region" aria-label={say('showChanges')}><DiffList changes={changes} /></div> : null}
    </section>
  );
};
