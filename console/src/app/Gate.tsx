import { Button, buttonLook, Skeleton } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { leaveToSignIn } from '~/auth/oidc.ts';
import { start, useSession } from '~/auth/session.ts';
import { words } from '~/i18n/words.ts';
import { Failure } from './Failure.tsx';
import { Mark } from './Mark.tsx';
import { meQuery } from './queries.ts';

const useWords = words(
  'gate',
  {
    tagline: 'Agents that ask first.', intro: 'Every action is checked against your constitution, approved where it matters, remembered, measured and billed.', signIn: 'Sign in',
    first: 'First start? Open the one-time link that ./soma up printed; it signs you in and lets you set a password.', elsewhere: 'This server goes by another name', elsewhereText: 'It signs people in at the address below. An operator can change that with SOMA_PUBLIC_URL.',
    go: 'Go there', insecure: 'A safe connection is needed', insecureText: 'Signing in uses cryptography that browsers only give to https and to this machine itself. Open the console over https, or on 127.0.0.1.',
    unreachable: 'The server does not answer', unreachableText: 'It may be starting. Try again in a moment.', failed: 'The sign-in did not work', retry: 'Try again', starting: 'Signing you in…',
  },
  {
    tagline: 'Agentes que preguntan antes.', intro: 'Cada acción se comprueba con su constitución, se aprueba cuando importa, se recuerda, se mide y se factura.', signIn: 'Entrar',
    first: '¿Primer arranque? Abra el enlace de un solo uso que mostró ./soma up; le hace entrar y le deja poner una contraseña.', elsewhere: 'Este servidor se llama de otra manera', elsewhereText: 'La entrada está en la dirección de abajo. Un operador puede cambiarla con SOMA_PUBLIC_URL.',
    go: 'Ir allí', insecure: 'Hace falta una conexión segura', insecureText: 'Para entrar se usa criptografía que los navegadores solo dan a https y a esta misma máquina. Abra la consola por https o en 127.0.0.1.',
    unreachable: 'El servidor no responde', unreachableText: 'Puede que esté arrancando. Reintente en un momento.', failed: 'No se pudo entrar', retry: 'Reintentar', starting: 'Entrando…',
  },
);

const Page = ({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) => (
  <main className="flex min-h-dvh items-center justify-center bg-bg p-6">
    <div className="w-full max-w-sm">
      <Mark className="mb-6 size-12" />
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <div className="mt-2 text-lg text-muted">{text}</div>
      <div className="mt-6 flex flex-col gap-4">{children}</div>
    </div>
  </main>
);

const here = () => location.pathname + location.search + location.hash;

/** Lets in who is signed in; shows everybody else what to do. What was open stays open when a session ends under it. */
export const Gate = ({ children }: { children: ReactNode }) => {
  const session = useSession();
  const say = useWords();
  const inside = session.kind === 'in' || (session.kind === 'out' && session.expired);
  const me = useQuery({ ...meQuery, enabled: session.kind === 'in' });
  if (inside && me.data) return children;
  if (session.kind === 'in' && me.error) return <main className="p-8"><Failure cause={me.error} onRetry={() => void me.refetch()} /></main>;
  if (session.kind === 'out')
    return (
      <Page title="SomaStack" text={<><p className="font-medium text-text">{say('tagline')}</p><p className="mt-1 text-base">{say('intro')}</p></>}>
        <Button look="primary" onClick={() => void leaveToSignIn(here())} className="h-10" autoFocus>{say('signIn')}</Button>
        <p className="text-sm text-muted">{say('first')}</p>
      </Page>
    );
  if (session.kind === 'elsewhere')
    return <Page title={say('elsewhere')} text={say('elsewhereText')}><code className="font-mono text-sm break-all">{session.issuer}</code><a className={buttonLook({ look: 'primary' })} href={session.issuer}>{say('go')}</a></Page>;
  if (session.kind === 'insecure') return <Page title={say('insecure')} text={say('insecureText')} />;
  if (session.kind === 'unreachable') return <Page title={say('unreachable')} text={say('unreachableText')}><Button look="primary" onClick={() => void start()}>{say('retry')}</Button></Page>;
  if (session.kind === 'failed') return <Page title={say('failed')} text={session.detail}><code className="font-mono text-sm">{session.code}</code><Button look="primary" onClick={() => void leaveToSignIn('/')}>{say('signIn')}</Button></Page>;
  return (
    <main className="flex h-dvh gap-6 bg-bg p-4" aria-busy="true">
      <p role="status" className="sr-only">{say('starting')}</p>
      <Skeleton className="hidden w-56 md:block" />
      <div className="flex flex-1 flex-col gap-4"><Skeleton className="h-9 w-64" /><Skeleton className="h-40" /><Skeleton className="h-64" /></div>
    </main>
  );
};
