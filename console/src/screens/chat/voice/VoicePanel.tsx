import { Badge, Banner, Button, CheckBox, Field, LevelMeter, LiveWave, Select, StatusLed, Waveform } from '@somastack/uix';
import { Mic, X } from 'lucide-react';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useLanguage } from '~/i18n/words.ts';
import { VoiceCall, type Wish } from './call.ts';
import type { Mode, VoiceView } from './protocol.ts';
import { TalkButton } from './TalkButton.tsx';
import { useVoiceWords } from './words.ts';

/** Keeps the call while the conversation that it began gets its own address. */
export type CallHolder = { current: VoiceCall | null };

type Way = 'push_to_talk' | 'press_to_talk' | 'hands_free';
type Choices = Omit<Wish, 'session' | 'persona' | 'mode'> & { way: Way };

/** Whoever agreed once on this page is not asked again until it is loaded anew; nothing of it is stored. */
let agreed = false;
let chosen: Partial<Choices> = {};

const modeOf = (way: Way): Mode => (way === 'hands_free' ? 'hands_free' : 'push_to_talk');

export type VoicePanelProps = { holder: CallHolder; session: string | undefined; persona: string | undefined; onSession: (session: string) => void; onClose: () => void };

/** Talking instead of typing. Nothing in it depends on hearing or on seeing: what is said, heard and answered is there as text, and announced. */
export const VoicePanel = ({ holder, session, persona, onSession, onClose }: VoicePanelProps) => {
  const say = useVoiceWords();
  const language = useLanguage();
  const call = (holder.current ??= new VoiceCall());
  const view = useSyncExternalStore(call.subscribe, call.get);
  const [choices, setChoices] = useState<Choices>({ way: 'push_to_talk', language, device: null, speak: true, keep: false, ...chosen });
  const open = (wanted: Choices) => {
    chosen = wanted;
    void call.open({ ...wanted, mode: modeOf(wanted.way), session: view.session ?? session, persona });
  };
  const choose = (change: Partial<Choices>) => {
    const next = { ...choices, ...change };
    setChoices(next);
    chosen = next;
    if ('keep' in change) call.keep(next.keep);
    else if (view.phase !== 'closed') open(next);
  };
  const started = useRef(false);
  useEffect(() => {
    if (!agreed || started.current || call.get().phase !== 'closed') return;
    started.current = true;
    open(choices);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when the panel comes
  }, []);
  useEffect(() => {
    if (view.session && view.session !== session) onSession(view.session);
  }, [view.session, session, onSession]);
  return (
    <section aria-label={say('title')} className="mx-auto mb-2 flex max-h-[60dvh] w-full max-w-[44rem] flex-col overflow-y-auto gap-3 rounded-2xl border border-line bg-surface p-4 shadow-card" data-voice={view.phase}>
      <header className="flex items-center gap-2">
        <Mic aria-hidden className="size-4 text-muted" />
        <h2 className="text-base font-semibold">{say('title')}</h2>
        {agreed ? <State view={view} way={choices.way} /> : null}
        <Button look="quiet" size="icon" className="ms-auto" aria-label={say('close')} onClick={onClose}><X aria-hidden className="size-4" /></Button>
      </header>
      <Faults view={view} />
      {agreed || view.phase !== 'closed' ? (
        <>
          <Controls call={call} view={view} choices={choices} onOpen={() => open(choices)} />
          <Words view={view} utterance={call.utterance} />
          <details className="text-sm">
            <summary className="cursor-pointer text-muted">{say('settings')}</summary>
            <div className="pt-3"><Settings choices={choices} onChoose={choose} /></div>
          </details>
        </>
      ) : (
        <div className="flex flex-col items-start gap-3">
          <p className="font-medium">{say('agreeTitle')}</p>
          <p className="text-muted">{say('agreeText')}</p>
          <Settings choices={choices} onChoose={choose} />
          <Button look="primary" autoFocus onClick={() => { agreed = true; open(choices); }}>{say('agree')}</Button>
        </div>
      )}
      <Announced view={view} />
    </section>
  );
};

const State = ({ view, way }: { view: VoiceView; way: Way }) => {
  const say = useVoiceWords();
  const idle = { push_to_talk: 'idle', press_to_talk: 'idlePress', hands_free: 'idleHands' } as const;
  // The server has said all before the last of it is heard.
  const state = view.state === 'idle' && view.playing ? 'speaking' : view.state;
  const text = view.phase === 'closed' ? say('closed') : view.phase === 'connecting' ? say('connecting') : state === 'idle' ? say(idle[way]) : say(state);
  return <StatusLed state={view.phase === 'open' ? 'ok' : 'unknown'} label={text} />;
};

const Controls = ({ call, view, choices, onOpen }: { call: VoiceCall; view: VoiceView; choices: Choices; onOpen: () => void }) => {
  const say = useVoiceWords();
  const level = useRef(() => call.level).current;
  const open = view.phase === 'open';
  return (
    <div className="flex flex-col gap-2">
      <LiveWave level={level} active={open} />
      <LevelMeter level={level} label={say('level')} active={open} />
      <div className="flex flex-wrap items-center gap-2">
        {view.phase === 'closed' ? <Button look="primary" onClick={onOpen}>{say('again')}</Button> : null}
        {view.phase !== 'closed' && choices.way !== 'hands_free' ? <TalkButton call={call} hearing={view.state === 'hearing'} disabled={!open} press={choices.way === 'press_to_talk'} /> : null}
        {open && (view.state === 'answering' || view.state === 'speaking' || view.playing) ? <Button look="plain" onClick={() => call.interrupt()}>{say('interrupt')}</Button> : null}
        {view.hears ? <span className="text-sm text-muted">{view.speaks ? say('models', { hears: view.hears, speaks: view.speaks }) : say('modelsMute', { hears: view.hears })}</span> : null}
        {view.played > 0 ? <Badge className="ms-auto" data-played={view.played}>{say('played', { seconds: view.played.toFixed(1) })}</Badge> : null}
      </div>
    </div>
  );
};

/** Captions while they may still change, then what was heard, as samples too. */
const Words = ({ view, utterance }: { view: VoiceView; utterance: Blob | null }) => {
  const say = useVoiceWords();
  const { heard } = view;
  const shown = !heard ? <span className="text-muted">{say('captionPlaceholder')}</span> : heard.text ? heard.text : heard.final ? <span className="text-muted">{say('noWords')}</span> : null;
  return (
    <div className="flex flex-col gap-2">
      <div role="group" aria-label={say('caption')} className="rounded-lg bg-sunken px-3 py-2" data-final={heard?.final ?? false}>
        <p className={heard && !heard.final ? 'text-muted italic' : undefined}>{shown}</p>
        {heard ? <p className="mt-1 text-xs text-muted">{!heard.final ? say('uncertain') : heard.confidence === null ? say('confidenceUnknown') : say('confidence', { percent: `${Math.round(heard.confidence * 100)} %` })}</p> : null}
      </div>
      {heard?.final && utterance ? <Waveform audio={utterance} label={say('yourWords')} /> : null}
    </div>
  );
};

const Settings = ({ choices, onChoose }: { choices: Choices; onChoose: (change: Partial<Choices>) => void }) => {
  const say = useVoiceWords();
  const devices = useMicrophones();
  return (
    <div className="grid w-full grid-cols-1 gap-3 sm:grid-cols-2">
      <Field label={say('mode')}>{(parts) => <Select {...parts} value={choices.way} onChange={(event) => onChoose({ way: event.target.value as Way })}><option value="push_to_talk">{say('push_to_talk')}</option><option value="press_to_talk">{say('press_to_talk')}</option><option value="hands_free">{say('hands_free')}</option></Select>}</Field>
      <Field label={say('language')}>{(parts) => <Select {...parts} value={choices.language} onChange={(event) => onChoose({ language: event.target.value })}><option value="en">{say('english')}</option><option value="es">{say('spanish')}</option></Select>}</Field>
      <Field label={say('microphone')}>{(parts) => <Select {...parts} value={choices.device ?? ''} onChange={(event) => onChoose({ device: event.target.value || null })}><option value="">{say('anyMicrophone')}</option>{devices.map((one) => <option key={one.deviceId} value={one.deviceId}>{one.label}</option>)}</Select>}</Field>
      <Field label={say('interrupting')}>{(parts) => <Select {...parts} value={choices.keep ? 'keep' : 'cancel'} onChange={(event) => onChoose({ keep: event.target.value === 'keep' })}><option value="cancel">{say('cancelAnswer')}</option><option value="keep">{say('keepAnswer')}</option></Select>}</Field>
      <CheckBox label={say('speakAnswers')} checked={choices.speak} onChange={(event) => onChoose({ speak: event.target.checked })} />
    </div>
  );
};

/** Devices have names once the microphone was allowed. */
const useMicrophones = () => {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  useEffect(() => {
    const media = navigator.mediaDevices;
    if (!media?.enumerateDevices) return;
    const look = () => void media.enumerateDevices().then((all) => setDevices(all.filter((one) => one.kind === 'audioinput' && one.deviceId && one.label && one.deviceId !== 'default'))).catch(() => undefined);
    look();
    media.addEventListener('devicechange', look);
    return () => media.removeEventListener('devicechange', look);
  }, []);
  return devices;
};

const Faults = ({ view }: { view: VoiceView }) => {
  const say = useVoiceWords();
  if (view.microphone) return <Banner tone="warn" title={`${say(`${view.microphone}Title`)}.`}>{say(`${view.microphone}Text`)}</Banner>;
  if (view.problem) return <Banner tone="bad" title={view.problem.title}>{view.problem.detail} {view.problem.remedy} <code className="font-mono text-sm">{view.problem.code}</code></Banner>;
  if (view.lost) return <Banner tone="warn" title={`${say('lostTitle')}.`}>{say('lostText')}</Banner>;
  if (view.mute) return <Banner tone="info" title={`${say('mute')}.`}>{view.mute.detail} {view.mute.remedy}</Banner>;
  return null;
};

/** For a screen reader: what was heard and what was answered, whole sentences, each once. */
const Announced = ({ view }: { view: VoiceView }) => {
  const say = useVoiceWords();
  const heard = view.heard?.final ? (view.heard.text ? say('youSaid', { text: view.heard.text }) : say('noWords')) : '';
  const { reply } = view;
  const said = !reply || reply.outcome === 'answering' ? '' : reply.outcome === 'completed' ? say('answer', { text: reply.text }) : reply.outcome === 'failed' ? say('failed', { detail: reply.detail ?? '' }) : say(reply.outcome);
  const listening = view.phase === 'open' && view.state === 'hearing' ? say('hearing') : '';
  return (
    <div className="sr-only">
      <p role="status" aria-live="polite">{listening}</p>
      <p role="status" aria-live="polite">{heard}</p>
      <p role="status" aria-live="polite">{said}</p>
    </div>
  );
};
