import { Banner, Button, CopyButton, JsonView, StatusLed } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { ProblemError } from '~/api/problem.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { instant } from '~/app/time.ts';
import { useLanguage } from '~/i18n/words.ts';
import type { Line } from './useJournal.ts';
import { verifyLine } from './verify.ts';
import { useAuditWords } from './words.ts';

const Seal = ({ line }: { line: Line }) => {
  const say = useAuditWords();
  const lang = useLanguage();
  const proof = useQuery({ queryKey: ['audit', 'proof', line.position], queryFn: () => verifyLine(line), staleTime: Infinity, retry: (count, cause) => cause instanceof ProblemError && cause.code === 'not_sealed' && count < 5, retryDelay: 800 });
  if (proof.error) return proof.error instanceof ProblemError && proof.error.code === 'not_sealed' ? <p className="text-sm text-muted">{say('notSealed')}</p> : <Failure cause={proof.error} onRetry={() => void proof.refetch()} compact />;
  if (!proof.data) return <p role="status" className="text-sm text-muted">{say('checking')}</p>;
  const { checks, treeSize, signedAt } = proof.data;
  const broken = checks.some((check) => check.holds === false);
  return (
    <div className="flex flex-col gap-3">
      <Banner tone={broken ? 'bad' : checks.some((check) => check.holds === null) ? 'info' : 'ok'} title={broken ? say('disproven') : say('proven')} />
      <ul className="flex flex-col gap-2">
        {checks.map((check) => (
          <li key={check.id}>
            <StatusLed state={check.holds === null ? 'unknown' : check.holds ? 'ok' : 'down'} label={`${say(check.id as 'leaf')}: ${check.holds === null ? say('cannotTell') : check.holds ? say('holds') : say('broken')}`} />
            <p className="ps-4 font-mono text-xs break-all text-muted">{check.detail}</p>
          </li>
        ))}
      </ul>
      <p className="text-xs text-muted">{say('under', { size: treeSize.toLocaleString(lang), when: instant(lang).format(new Date(signedAt)) })}</p>
      <Button size="sm" className="self-start" busy={proof.isFetching} onClick={() => void proof.refetch()}>{say('again')}</Button>
    </div>
  );
};

/** One line with everything that was written, and the check of its seal. */
export const LineDetail = ({ line }: { line: Line }) => {
  const say = useAuditWords();
  const lang = useLanguage();
  const facts = [[say('at'), instant(lang).format(new Date(line.occurred_at))], [say('actor'), line.actor], [say('subject'), `${line.subject} · ${line.version}`], [say('trace'), line.trace_id]] as const;
  return (
    <div className="flex flex-col gap-5">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 text-sm">{facts.map(([name, value]) => <div key={name} className="contents"><dt className="text-muted">{name}</dt><dd className="font-mono break-all">{value}</dd></div>)}</dl>
      <section><h3 className="mb-1.5 text-base font-semibold">{say('data')}</h3><JsonView value={line.data} label={say('data')} className="max-h-72" /></section>
      <section><h3 className="mb-1.5 text-base font-semibold">{say('check')}</h3><Seal line={line} /></section>
      <div className="flex flex-wrap"><CopyRequest method="GET" path={`/v1/audit/proof?position=${line.position}`} cli="soma audit verify" /><CopyButton value={line.trace_id} label={say('trace')} /></div>
    </div>
  );
};
