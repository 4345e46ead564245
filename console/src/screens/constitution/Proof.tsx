import { Card, CardBody, CopyButton, EmptyState, Field, StatusLed, TextArea, type LedState } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import { effectiveHash, hashOf, publicKeyOf, signedBy, statementOf } from './proof.ts';
import { detailQuery, overlayQuery } from './queries.ts';
import { useConstitutionWords } from './words.ts';

const led = (holds: boolean | null): LedState => (holds === null ? 'unknown' : holds ? 'ok' : 'down');

/** What this browser can compute itself: the hashes, what was signed, and with a signer's public key the signature. */
export const Proof = ({ constitution, tenant }: { constitution: Omit<Schemas['ConstitutionAnswer'], 'document'>; tenant: string }) => {
  const say = useConstitutionWords();
  const lang = useLanguage();
  const [keyText, setKeyText] = useState('');
  const detail = useQuery(detailQuery(constitution.inherited ? 'installation' : 'tenant', constitution.version));
  const overlay = useQuery(overlayQuery);
  const blocks = keyText.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? keyText.split(/\s+/).filter(Boolean);
  const keys = blocks.map(publicKeyOf).filter((key) => key !== null);
  const proof = useQuery({
    queryKey: ['constitution', 'proof', constitution.hash, keyText],
    enabled: detail.data !== undefined && overlay.data !== undefined,
    queryFn: async () => {
      const base = await hashOf(detail.data!.document);
      const whole = constitution.overlay_version === 0 ? base : await effectiveHash(base, await hashOf(overlay.data!.overlay));
      const statement = statementOf({ tenant: constitution.inherited ? '*' : tenant, version: constitution.version, issuedAt: constitution.issued_at, hash: base });
      const signatures = await Promise.all(constitution.signatures.map(async (signature) => ({ signature, holds: statement === null ? null : await signedBy(signature, statement, keys) })));
      return { base, whole, statement, signatures };
    },
  });
  const error = detail.error ?? overlay.error ?? proof.error;
  const facts = [[say('hash'), constitution.hash], [say('baseHash'), constitution.base_hash], [say('issued'), instant(lang).format(new Date(constitution.issued_at))], [say('activated'), constitution.activated_at ? instant(lang).format(new Date(constitution.activated_at)) : '—']] as const;
  const line = (holds: boolean | null, label: string, computed: string) => <li className="flex flex-col gap-0.5"><StatusLed state={led(holds)} label={`${label}: ${holds === null ? say('cannotTell') : holds ? say('holds') : say('broken')}`} /><p className="ps-4 font-mono text-xs break-all text-muted">{computed}</p></li>;
  return (
    <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
      <Card title={say('facts')} actions={<CopyRequest method="GET" path="/v1/constitution/version" cli="soma constitution show" />}><CardBody><dl className="grid gap-x-4 gap-y-1.5 text-sm sm:grid-cols-[auto_1fr]">{facts.map(([name, value]) => <div key={name} className="contents"><dt className="text-muted">{name}</dt><dd className="font-mono break-all">{value}</dd></div>)}</dl></CardBody></Card>
      <Card title={say('checked')} hint={say('checkedHint')}>
        <CardBody className="flex flex-col gap-4">
          {error ? <Failure cause={error} compact /> : !proof.data ? <p role="status" className="text-muted">{say('computing')}</p> : (
            <>
              <ul className="flex flex-col gap-2.5" data-proof>
                {line(proof.data.base === constitution.base_hash, say('baseHolds'), proof.data.base)}
                {line(proof.data.whole === constitution.hash, say('wholeHolds'), proof.data.whole)}
              </ul>
              <section><h3 className="mb-1 flex flex-wrap items-center gap-2 text-sm font-medium">{say('statement')}{proof.data.statement ? <CopyButton value={proof.data.statement} label={say('copyStatement')} /> : null}</h3><pre className="rounded-md border border-line bg-sunken p-2 font-mono text-xs break-all whitespace-pre-wrap">{proof.data.statement ?? '—'}</pre></section>
              <section className="flex flex-col gap-2">
                <h3 className="text-sm font-medium">{say('signatures')}</h3>
                {proof.data.signatures.length === 0 ? <EmptyState title={say('noSignatures')} className="py-4" /> : <ul className="flex flex-col gap-2.5">{proof.data.signatures.map(({ signature, holds }) => <li key={signature.key_id} className="flex flex-col gap-0.5"><StatusLed state={led(holds)} label={holds === null ? say('serverVerified') : holds ? say('verifiedHere') : say('signatureBroken')} /><p className="ps-4 font-mono text-xs break-all text-muted">{signature.key_id} · {signature.algorithm}</p></li>)}</ul>}
              </section>
            </>
          )}
          <Field label={say('publicKey')} hint={say('publicKeyHint')} error={keyText.trim() !== '' && keys.length === 0 ? say('noKey') : undefined}>{(parts) => <TextArea {...parts} value={keyText} onChange={(event) => setKeyText(event.target.value)} spellCheck={false} className="font-mono text-xs" />}</Field>
        </CardBody>
      </Card>
    </div>
  );
};
