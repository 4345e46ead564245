import { Button, Dialog, Field, Input } from '@somastack/uix';
import { createContext, useCallback, useContext, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { api, bodyOf } from '~/api/client.ts';
import { ProblemError } from '~/api/problem.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { useCommon } from '~/i18n/common.ts';
import { raise } from './session.ts';

type Guarded = <T>(act: () => Promise<T>) => Promise<T>;

const StepUp = createContext<Guarded>((act) => act());

/** Acts, and where the server wants a fresh second factor, asks for the code and acts again. */
export const useStepUp = () => useContext(StepUp);

export const StepUpProvider = ({ children }: { children: ReactNode }) => {
  const say = useCommon();
  const [open, setOpen] = useState(false);
  const [code, setCode] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const answer = useRef<((proven: boolean) => void) | null>(null);

  const close = (proven: boolean) => {
    setOpen(false);
    setCode('');
    setFault(null);
    answer.current?.(proven);
    answer.current = null;
  };
  const guarded = useCallback<Guarded>(async (act) => {
    try {
      return await act();
    } catch (cause) {
      if (!(cause instanceof ProblemError) || cause.code !== 'step_up_required') throw cause;
      const proven = await new Promise<boolean>((resolve) => {
        answer.current = resolve;
        setOpen(true);
      });
      if (!proven) throw cause;
      return act();
    }
  }, []);
  const prove = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const issued = await bodyOf(api.POST('/v1/auth/step-up', { body: { code: code.trim() } }));
      raise({ token: issued.token, expiresAt: Date.parse(issued.expires_at) });
      close(true);
    } catch (cause) {
      setFault(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <StepUp.Provider value={guarded}>
      {children}
      <Dialog open={open} onOpenChange={(to) => to || close(false)} title={say('stepUpTitle')} hint={say('stepUpText')} className="max-w-sm">
        <form onSubmit={(event) => void prove(event)} className="flex flex-col gap-4">
          <Field label={say('stepUpCode')}>{(parts) => <Input {...parts} value={code} onChange={(event) => setCode(event.target.value)} autoComplete="one-time-code" maxLength={64} required autoFocus />}</Field>
          <FailureLine cause={fault} />
          <Button look="primary" type="submit" busy={busy}>{say('proceed')}</Button>
        </form>
      </Dialog>
    </StepUp.Provider>
  );
};
