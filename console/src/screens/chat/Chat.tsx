import { Banner, Button, Drawer } from '@somastack/uix';
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { List, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { api } from '~/api/client.ts';
import { CopyRequest } from '~/app/CopyRequest.tsx';
import { Failure } from '~/app/Failure.tsx';
import { meQuery } from '~/app/queries.ts';
import { Announce } from './Announce.tsx';
import { branchThrough, noTurn } from './branches.ts';
import { Composer } from './Composer.tsx';
import { Proof } from './Proof.tsx';
import { isOpenTurn, sessionQuery, sessionsQuery, type Turn } from './queries.ts';
import { route } from './screen.ts';
import { sendMessage, startSession } from './send.ts';
import { Thread } from './Thread.tsx';
import { ThreadList } from './ThreadList.tsx';
import { useThread } from './useThread.ts';
import { useVoiceSlot, type VoiceSlot } from './VoiceSlot.tsx';
import { useChatWords } from './words.ts';

const starter = 'guide';

/** @param parent the turn that it follows; the newest when nothing is said */
type Message = { text: string; parent?: string };

const beside = (turn: Turn) => turn.parent_turn ?? noTurn;

/** Before the first message: who should answer, and the box to write in. */
const NewThread = ({ voice }: { voice: VoiceSlot | null }) => {
  const say = useChatWords();
  const { persona = starter, q } = route.useSearch();
  const go = useNavigate();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const me = useSuspenseQuery(meQuery).data;
  const start = useMutation({
    mutationFn: (prompt: string) => startSession(prompt, persona),
    onSuccess: (session) => {
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
      void go({ to: '/chat/{-$session}', params: { session }, search: { q } });
    },
  });
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {start.isPending ? (
        <Thread branch={[]} sending={start.variables} persona={persona} acts={{ onAgain: () => undefined, onEdit: () => undefined, onWhy: () => undefined, onBranch: () => undefined, busy: true }} chosen={undefined} />
      ) : (
        <div className="flex min-h-0 flex-1 flex-col items-center justify-center overflow-y-auto">
          <h1 className="px-4 text-center text-2xl font-semibold tracking-tight">{say('askTitle')}</h1>
          <p className="mt-2 max-w-md px-4 text-center text-muted">{say('askText')}</p>
        </div>
      )}
      {voice?.panel}
      {me.capabilities.includes('session:start') ? (
        <Composer voice={voice?.button} text={text} onText={setText} onSend={(words) => start.mutate(words)} running={false} stopping={false} sending={start.isPending} fault={start.error} queue={[]} onQueue={() => undefined} editing={false} onCancelEdit={() => undefined} focus="new"
          persona={{ value: persona, onChange: (id) => void go({ to: '.', search: (old) => ({ ...old, persona: id }) }) }} />
      ) : <p className="p-4 text-center text-sm text-muted"><code className="font-mono">session:start</code></p>}
    </div>
  );
};

const OpenThread = ({ id, voice }: { id: string; voice: VoiceSlot | null }) => {
  const say = useChatWords();
  const { tab, turn: wanted, branch: through } = route.useSearch();
  const go = useNavigate();
  const client = useQueryClient();
  const { detail, broken, turns } = useThread(id);
  const [text, setText] = useState('');
  const [editing, setEditing] = useState<Turn | null>(null);
  const [queue, setQueue] = useState<readonly string[]>([]);
  const last = turns.at(-1);
  const running = last ? isOpenTurn(last) : false;
  const send = useMutation({
    mutationFn: (message: Message) => sendMessage(id, message.text, message.parent),
    onMutate: () => {
      setText('');
      setEditing(null);
    },
    // What was not sent comes back into the box.
    onError: (_, message) => setText((now) => now || message.text),
    // What was just asked is looked at, wherever somebody had looked before.
    onSuccess: () => go({ to: '.', search: (old) => ({ ...old, branch: undefined, turn: undefined }), replace: true }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionQuery(id).queryKey }),
  });
  const stop = useMutation({ mutationFn: () => api.POST('/v1/sessions/{id}/cancel', { params: { path: { id } } }) });
  const { mutate, isPending } = send;
  useEffect(() => {
    if (running || isPending || queue.length === 0 || send.error) return;
    mutate({ text: queue[0]! });
    setQueue(queue.slice(1));
  }, [running, isPending, queue, mutate, send.error]);
  if (detail.error) return <Failure cause={detail.error} onRetry={() => void detail.refetch()} />;
  const branch = branchThrough(turns, through ?? wanted);
  const end = branch.at(-1)?.turn;
  const chosen = turns.find((turn) => turn.turn_id === wanted) ?? branch.findLast(({ turn }) => turn.proof)?.turn ?? end;
  const follows = isPending ? send.variables.parent : undefined;
  const shown = follows === undefined ? branch : branch.slice(0, branch.findIndex(({ turn }) => turn.turn_id === follows) + 1);
  const write = (words: string) => mutate({ text: words, parent: editing ? beside(editing) : end === last ? undefined : end?.turn_id });
  const session = detail.data?.session;
  return (
    <>
      <section aria-label={session?.title} className="flex min-h-0 min-w-0 flex-1 flex-col">
        <div className="flex items-center gap-2 border-b border-line py-1 ps-4 pe-2"><h1 dir="auto" className="min-w-0 flex-1 truncate py-1.5 text-base font-semibold">{session?.title ?? '…'}</h1><CopyRequest method="GET" path={`/v1/sessions/${id}`} cli={`soma chat --session ${id} "…"`} /></div>
        {broken ? <Banner tone="warn" title={say('reconnecting')} className="m-2" /> : null}
        <Thread branch={shown} sending={isPending ? send.variables.text : null} persona={session?.persona ?? ''} chosen={tab ? chosen?.turn_id : undefined}
          acts={{ busy: running || isPending, onAgain: (turn) => mutate({ text: turn.prompt, parent: beside(turn) }), onEdit: (turn) => { setText(turn.prompt); setEditing(turn); }, onBranch: (turn) => void go({ to: '.', search: (old) => ({ ...old, branch: turn, turn: undefined }), replace: true }), onWhy: (turn) => void go({ to: '.', search: (old) => ({ ...old, turn, tab: old.tab ?? 'thought' }) }) }} />
        <Announce turn={last} />
        {session?.status === 'closed' ? null : voice?.panel}
        {session?.status === 'closed' ? <p className="p-4 text-center text-muted">{say('closed')}</p> : (
          <Composer voice={voice?.button} text={text} onText={setText} onSend={write} onStop={() => stop.mutate()} running={running} stopping={stop.isPending} sending={isPending} fault={send.error ?? stop.error} queue={queue} onQueue={setQueue} editing={editing !== null} onCancelEdit={() => { setEditing(null); setText(''); }} focus={id} />
        )}
      </section>
      {tab ? (
        <aside aria-label={say('proof')} className="absolute inset-0 z-20 flex min-h-0 flex-col border-s border-line bg-surface lg:static lg:w-[24rem] lg:shrink-0">
          <div className="flex items-center gap-2 px-4 pt-2.5"><h2 className="flex-1 text-base font-semibold">{say('proof')}</h2>
            <Button look="quiet" size="icon" aria-label={say('close')} onClick={() => void go({ to: '.', search: (old) => ({ ...old, tab: undefined, turn: undefined }) })}><X aria-hidden className="size-4" /></Button></div>
          <Proof turn={chosen} tab={tab} onTab={(next) => void go({ to: '.', search: (old) => ({ ...old, tab: next }) })} />
        </aside>
      ) : null}
    </>
  );
};

/** Conversations: the list, the one that is open, and what its answers rest on. */
export const Chat = () => {
  const say = useChatWords();
  const [listed, setListed] = useState(false);
  const { session } = route.useParams();
  const { q = '', persona = starter } = route.useSearch();
  const go = useNavigate();
  const client = useQueryClient();
  const { capabilities } = useSuspenseQuery(meQuery).data;
  const slot = useVoiceSlot(session, persona, (begun) => {
    void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    void go({ to: '/chat/{-$session}', params: { session: begun }, search: (old) => ({ q: old.q }) });
  });
  const voice = capabilities.includes('session:start') && capabilities.includes('inference:invoke') ? slot : null;
  useEffect(() => setListed(false), [session]);
  const list = <ThreadList current={session} query={q} onQuery={(next) => void go({ to: '.', search: (old) => ({ ...old, q: next || undefined }), replace: true })} />;
  return (
    <div className="relative flex min-h-0 flex-1 max-md:flex-col">
      <div className="hidden w-64 shrink-0 border-e border-line bg-surface md:block">{list}</div>
      <div className="border-b border-line bg-surface px-2 py-1 md:hidden"><Button look="quiet" size="sm" onClick={() => setListed(true)}><List aria-hidden className="size-4" />{say('threads')}</Button></div>
      <Drawer open={listed} onOpenChange={setListed} title={say('threads')}>{list}</Drawer>
      {session ? <OpenThread key={session} id={session} voice={voice} /> : <NewThread voice={voice} />}
    </div>
  );
};
