import { AsOf, Button, buttonLook, Card, CardBody, StatusLed, type LedState } from '@somastack/uix';
import { useInfiniteQuery, useMutation, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '~/api/client.ts';
import { FailureLine } from '~/app/Failure.tsx';
import { PageHead } from '~/app/PageHead.tsx';
import { healthQuery, meQuery } from '~/app/queries.ts';
import { useStepUp } from '~/auth/StepUp.tsx';
import { useLanguage } from '~/i18n/words.ts';
import { sessionsQuery } from '../chat/queries.ts';
import { Invite } from './Invite.tsx';
import { decidersQuery } from './queries.ts';
import { SecondFactor } from './SecondFactor.tsx';
import { Step } from './Step.tsx';
import { useSetupWords } from './words.ts';

const ledOf: Record<string, LedState> = { ok: 'ok', degraded: 'degraded', failed: 'down', unknown: 'unknown' };
const twoKeys = 2;

/** The board of everything that answers, one light each. */
export const Running = () => {
  const say = useSetupWords();
  const lang = useLanguage();
  const health = useQuery(healthQuery);
  return (
    <Card title={say('running')} hint={say('runningHint')} actions={<AsOf at={health.dataUpdatedAt ? new Date(health.dataUpdatedAt) : null} locale={lang} />}>
      <CardBody>
        {health.data?.checks ? (
          <ul className="grid gap-x-6 gap-y-2 sm:grid-cols-2">
            {health.data.checks.map((check) => <li key={check.name} className="min-w-0" title={check.detail ?? undefined}><StatusLed state={ledOf[check.state] ?? 'unknown'} label={check.name} />{check.detail && check.state !== 'ok' ? <p className="truncate ps-4 text-xs text-muted">{check.detail}</p> : null}</li>)}
          </ul>
        ) : <StatusLed state="unknown" />}
      </CardBody>
    </Card>
  );
};

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
