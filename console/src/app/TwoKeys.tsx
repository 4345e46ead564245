import { Badge, Banner, Button } from '@somastack/uix';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '~/api/client.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { words } from '~/i18n/words.ts';
import { approvalQuery } from '~/screens/chat/queries.ts';
import { FailureLine } from './Failure.tsx';

const useWords = words(
  'twoKeys',
  { waiting: 'Waiting for the second key', waitingText: 'Somebody else reads exactly this and agrees. You may leave; asking again finds the same request.', ready: 'The second key is given', readyText: 'Nothing has changed yet. It happens when you go on.', over: 'The second key was not given', openApproval: 'Open the approval', goOn: 'Go on', again: 'Ask again', drop: 'Leave it' },
  { waiting: 'Esperando la segunda llave', waitingText: 'Otra persona lee exactamente esto y lo acepta. Puede irse; al pedirlo otra vez se encuentra la misma petición.', ready: 'La segunda llave está dada', readyText: 'Aún no ha cambiado nada. Ocurre cuando usted siga.', over: 'No se dio la segunda llave', openApproval: 'Abrir la aprobación', goOn: 'Seguir', again: 'Pedir otra vez', drop: 'Dejarlo' },
);

export const approvalHeader = (approval: string | null): Record<string, string> => (approval ? { 'Soma-Approval': approval } : {});

export const ifMatch = (version: number): Record<string, string> => ({ 'If-Match': `"${version}"` });

/** The approval that an answer waits for; null when the thing was done. */
export const waitsFor = (answer: unknown): string | null => {
  if (typeof answer !== 'object' || answer === null || !('approval' in answer)) return null;
  const { approval } = answer as Partial<Schemas['ApprovalWanted']>;
  return approval?.id ?? null;
};

const pollMs = 2_000;

/**
 * One intention that may need a second person: asks, waits, and does it with the yes. `act` gets the approval to send, or null, and gives
 * the server's answer as it is.
 */
export const useTwoKeys = <Sent, Answer>(act: (sent: Sent, approval: string | null) => Promise<Answer>, onDone: (answer: Exclude<Answer, Schemas['ApprovalWanted']>) => void) => {
  const stepUp = useStepUp();
  const [asked, setAsked] = useState<{ id: string; sent: Sent } | null>(null);
  const approval = useQuery({ ...approvalQuery(asked?.id ?? ''), enabled: asked !== null, refetchInterval: pollMs });
  const state = approval.data?.approval.state ?? null;
  const run = useMutation({
    mutationFn: ({ sent, using }: { sent: Sent; using: string | null }) => stepUp(() => act(sent, using)),
    onSuccess: (answer, { sent }) => {
      const id = waitsFor(answer);
      setAsked(id ? { id, sent } : null);
      if (!id) onDone(answer as Exclude<Answer, Schemas['ApprovalWanted']>);
    },
  });
  return {
    ask: (sent: Sent) => run.mutate({ sent, using: null }),
    claim: () => asked && run.mutate({ sent: asked.sent, using: asked.id }),
    again: () => asked && run.mutate({ sent: asked.sent, using: null }),
    drop: () => {
      setAsked(null);
      run.reset();
    },
    asked: asked?.id ?? null, state, busy: run.isPending, error: run.error,
  };
};

type Keys = Pick<ReturnType<typeof useTwoKeys>, 'claim' | 'again' | 'drop' | 'asked' | 'state' | 'busy' | 'error'>;

/** Where a request stands: what went wrong, that it waits, that it may go on, that it was refused. */
export const TwoKeys = ({ keys }: { keys: Keys }) => {
  const say = useWords();
  if (!keys.asked) return <FailureLine cause={keys.error} />;
  const isOpen = keys.state === null || keys.state === 'pending';
  const isGiven = keys.state === 'approved';
  return (
    <div className="flex flex-col gap-2">
      <Banner tone={isGiven ? 'ok' : isOpen ? 'warn' : 'bad'} title={isGiven ? say('ready') : isOpen ? say('waiting') : say('over')}
        action={<div className="flex flex-wrap items-center gap-2">
          {keys.state ? <Badge>{keys.state}</Badge> : null}
          <Link to="/inbox" search={{ id: keys.asked, state: 'all' }} className="text-sm underline">{say('openApproval')}</Link>
          {isGiven ? <Button size="sm" look="primary" busy={keys.busy} onClick={keys.claim}>{say('goOn')}</Button> : isOpen ? null : <Button size="sm" busy={keys.busy} onClick={keys.again}>{say('again')}</Button>}
          <Button size="sm" look="quiet" onClick={keys.drop}>{say('drop')}</Button>
        </div>}>
        {isGiven ? say('readyText') : isOpen ? say('waitingText') : null}
      </Banner>
      <FailureLine cause={keys.error} />
    </div>
  );
};
