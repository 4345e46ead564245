import { Button, buttonLook } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { meQuery } from '~/app/queries.ts';
import { Running } from '~/app/Running.tsx';
import { useStepUp } from '~/auth/StepUp.tsx';
import { sessionsQuery } from '../chat/queries.ts';
import { Invite } from './Invite.tsx';
import { decidersQuery } from './queries.ts';
import { SecondFactor } from './SecondFactor.tsx';
import { Step } from './Step.tsx';
import { useSetupWords } from './words.ts';

const twoKeys = 2;

const SetPassword = ({ principal }: { principal: string }) => {
  const say = useSetupWords();
  const stepUp = useStepUp();
  const link = useMutation({
    mutationFn: () => stepUp(() => bodyOf(api.POST('/v1/users/{id}/reset-link', { params: { path: { id: principal } } }))),
    onSuccess: ({ link: address }) => {
      const { search, pathname } = new URL(address);
      location.assign(`${pathname}${search}&return_to=/setup`);
    },
  });
  return <><Button look="primary" className="self-start" busy={link.isPending} onClick={() => link.mutate()}>{say('setPassword')}</Button><FailureLine cause={link.error} /></>;
};

/** What makes an installation one's own: a way back in, a second factor, a second person, a first answer. */
export const Setup = () => {
  const say = useSetupWords();
  const me = useSuspenseQuery(meQuery).data;
  const isAdmin = me.capabilities.includes('tenant:admin');
  const deciders = useQuery({ ...decidersQuery, enabled: isAdmin });
  const sessions = useInfiniteQuery({ ...sessionsQuery, enabled: me.capabilities.includes('session:read') });
  const asked = sessions.data ? sessions.data.pages[0]!.data.length > 0 : null;
  return (
    <>
      <PageHead title={say('title')} hint={say('hint')} />
      <div className="mx-auto flex max-w-3xl flex-col gap-4 p-5">
        <Step title={say('password')} done={me.login !== null} text={me.login === null ? say('passwordOpen') : say('passwordDone', { login: me.login })}>{me.login === null ? isAdmin ? <SetPassword principal={me.principal} /> : <p className="text-sm">{say('passwordAsk')}</p> : null}</Step>
        <Step title={say('mfa')} done={me.mfa_enrolled} text={me.mfa_enrolled ? say('mfaDone', { n: me.recovery_codes_left ?? '—' }) : me.login === null ? say('mfaNeedsPassword') : say('mfaOpen')}>{me.login === null || me.mfa_enrolled ? null : <SecondFactor />}</Step>
        {isAdmin ? <Step title={say('second')} done={deciders.data === undefined ? null : deciders.data >= twoKeys} text={deciders.data !== undefined && deciders.data >= twoKeys ? say('secondDone', { n: deciders.data }) : say('secondOpen')}><Invite /></Step> : null}
        <Step title={say('ask')} done={asked} text={asked ? say('askDone') : say('askOpen')}><Link to="/chat/{-$session}" params={{}} className={`${buttonLook({ look: 'primary' })} self-start`}>{say('goChat')}</Link></Step>
        <Running />
      </div>
    </>
  );
};
