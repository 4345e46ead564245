import { Badge, Button, Drawer, Field, Input, Select, useToast } from '@somastack/uix';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, newKey, type Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { SchemaFields, useSchemaForm } from '~/app/SchemaForm.tsx';
import { approvalHeader, TwoKeys, useTwoKeys } from '~/app/TwoKeys.tsx';
import { useCommon } from '~/i18n/common.ts';
import { inputsSchema } from './inputs.ts';
import { capsuleQuery, capsulesQuery } from './queries.ts';
import { useRunWords } from './words.ts';

type Begun = Schemas['StartRunResponse'] | Schemas['ApprovalWanted'];

const nameMax = 200;

/** The form that a capsule's inputs make; what they leave out is the capsule's default. */
const Inputs = ({ capsule, onStarted }: { capsule: Schemas['CapsuleDetail']; onStarted: (id: string) => void }) => {
  const say = useRunWords();
  const toast = useToast();
  const client = useQueryClient();
  const form = useSchemaForm(inputsSchema(capsule.definition));
  const [name, setName] = useState('');
  const body = { capsule: capsule.id, version: capsule.version, inputs: form.value ?? {}, ...(name.trim() ? { name: name.trim() } : {}) };
  const keys = useTwoKeys(
    async (sent: typeof body, approval): Promise<Begun> => (await api.POST('/v1/mao/start', { body: sent, params: { header: { 'Idempotency-Key': newKey() } }, headers: approvalHeader(approval) })).data as unknown as Begun,
    (answer) => {
      void client.invalidateQueries({ queryKey: ['workflows', 'list'] });
      toast({ tone: 'ok', title: say('started') });
      onStarted(answer.run_id);
    },
  );
  const cli = `soma workflow start ${capsule.id} --version ${capsule.version}${Object.entries(form.value ?? {}).map(([key, value]) => ` --input '${key}=${JSON.stringify(value).replaceAll("'", "'\\''")}'`).join('')}`;
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => { event.preventDefault(); if (form.value === null) form.showFaults(); else keys.ask(body); }}>
      <SchemaFields form={form} />
      <Field label={say('runName')} hint={say('runNameHint')}>{(parts) => <Input {...parts} value={name} onChange={(event) => setName(event.target.value)} maxLength={nameMax} />}</Field>
      <TwoKeys keys={keys} />
      {keys.asked ? null : <div className="flex flex-wrap items-center gap-2"><Button look="primary" type="submit" busy={keys.busy}>{say('startNow')}</Button><CopyRequest method="POST" path="/v1/mao/start" body={body} cli={cli} /></div>}
    </form>
  );
};

export const StartRun = ({ capsule, onCapsule, onClose, onStarted }: { capsule: string | null; onCapsule: (id: string) => void; onClose: () => void; onStarted: (id: string) => void }) => {
  const say = useRunWords();
  const common = useCommon();
  const all = useQuery(capsulesQuery);
  const one = useQuery({ ...capsuleQuery(capsule ?? ''), enabled: capsule !== null });
  return (
    <Drawer open onOpenChange={(open) => open || onClose()} title={say('startTitle')} hint={say('startText')}>
      <div className="flex flex-col gap-5">
        {all.error ? <Failure cause={all.error} onRetry={() => void all.refetch()} compact /> : (
          <Field label={say('choose')} hint={all.data?.data.length === 0 ? say('noCapsules') : undefined}>{(parts) => <Select {...parts} value={capsule ?? ''} onChange={(event) => onCapsule(event.target.value)}><option value="">{say('chooseOne')}</option>{(all.data?.data ?? []).map((line) => <option key={line.id} value={line.id}>{line.id}</option>)}</Select>}</Field>
        )}
        {capsule === null ? null : one.error ? <Failure cause={one.error} onRetry={() => void one.refetch()} compact /> : !one.data ? <p role="status" className="text-muted">{common('loading')}</p> : (
          <>
            <div><p>{one.data.summary}</p><p className="mt-1.5 flex flex-wrap gap-1.5"><Badge>{say('version', { version: one.data.version })}</Badge><Badge>{one.data.type}</Badge><Badge>{one.data.source}</Badge></p></div>
            <Inputs key={`${one.data.id} ${one.data.version}`} capsule={one.data} onStarted={onStarted} />
          </>
        )}
      </div>
    </Drawer>
  );
};
