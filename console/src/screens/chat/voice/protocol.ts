import type { Schemas } from '~/api/client.ts';

/** What `/v1/audio/stream` says in text (docs/voice.md); sound comes in binary frames between `speech` and `speech_end`. */
export type VoiceProblem = { code: string; status: number; title: string; detail: string; remedy: string };
export type ServerState = 'idle' | 'hearing' | 'recognising' | 'answering' | 'speaking';
export type ServerFrame =
  | { type: 'ready'; voice_id: string; session_id: string | null; persona: string; transcriber: { model: string; provider: string; language: string | null; captions: boolean }; speaker: { model: string; provider: string; voice: string; sample_rate: number } | null; speech_fault: VoiceProblem | null }
  | { type: 'state'; state: ServerState }
  | { type: 'transcript'; utterance: number; final: boolean; text: string; confidence: number | null; seconds: number; elapsed_ms: number; model: string; session_id: string | null; turn_id: string | null }
  | { type: 'event'; id: number; event: string; data: unknown }
  | { type: 'speech'; utterance: number; index: number; text: string; sample_rate: number; bytes: number }
  | { type: 'speech_end'; utterance: number; index: number; complete: boolean }
  | { type: 'pressure'; wait_ms: number }
  | { type: 'error'; utterance: number | null; problem: VoiceProblem };

export type Mode = 'push_to_talk' | 'hands_free';

/** Why the microphone cannot be heard. */
export type MicrophoneFault = 'denied' | 'missing' | 'busy' | 'insecure' | 'unsupported' | 'failed';

export type Heard = { text: string; final: boolean; confidence: number | null; seconds: number };
export type Reply = { text: string; outcome: 'answering' | 'completed' | 'waiting' | 'failed' | 'cancelled' | 'denied'; detail: string | null };

export type VoiceView = {
  phase: 'closed' | 'connecting' | 'open';
  state: ServerState;
  session: string | null;
  /** Models that hear and speak, when the server has told them. */
  hears: string | null;
  speaks: string | null;
  /** Why nothing is spoken although it was asked for. */
  mute: VoiceProblem | null;
  heard: Heard | null;
  reply: Reply | null;
  problem: VoiceProblem | null;
  microphone: MicrophoneFault | null;
  /** The connection ended without a word. */
  lost: boolean;
  /** Speech is heard now. */
  playing: boolean;
  /** Seconds of speech that were played. */
  played: number;
};

export const closedView: VoiceView = { phase: 'closed', state: 'idle', session: null, hears: null, speaks: null, mute: null, heard: null, reply: null, problem: null, microphone: null, lost: false, playing: false, played: 0 };

const outcomes: Readonly<Record<string, Reply['outcome']>> = { 'turn.completed': 'completed', 'turn.failed': 'failed', 'turn.cancelled': 'cancelled', 'turn.denied': 'denied', approval_required: 'waiting' };

/** Adds what the server says. Pure. */
export const fold = (view: VoiceView, frame: ServerFrame): VoiceView => {
  switch (frame.type) {
    case 'ready':
      return { ...view, phase: 'open', session: frame.session_id ?? view.session, hears: frame.transcriber.model, speaks: frame.speaker?.model ?? null, mute: frame.speech_fault, problem: null, lost: false };
    case 'state':
      return { ...view, state: frame.state, ...(frame.state === 'hearing' ? { heard: null, reply: null, problem: null } : {}) };
    case 'transcript':
      // A caption that was overtaken by the transcript tells nothing any more.
      if (!frame.final && view.heard?.final) return view;
      return { ...view, session: frame.session_id ?? view.session, heard: { text: frame.text, final: frame.final, confidence: frame.confidence, seconds: frame.seconds } };
    case 'event':
      // What still comes of an answer that was spoken over belongs to the thread, not to the new words.
      if (!view.heard?.final) return view;
      return { ...view, reply: replyAfter(view.reply, frame.event, frame.data) };
    case 'error':
      return { ...view, problem: frame.problem };
    default:
      return view;
  }
};

const replyAfter = (reply: Reply | null, event: string, data: unknown): Reply | null => {
  if (event === 'text.delta') return { text: (reply?.text ?? '') + (data as Schemas['TurnView'] & { text: string }).text, outcome: 'answering', detail: null };
  const outcome = outcomes[event];
  if (!outcome) return reply;
  const turn = data as Partial<Schemas['TurnView']>;
  return { text: turn.answer ?? reply?.text ?? '', outcome, detail: turn.failure?.detail ?? null };
};
