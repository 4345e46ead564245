import { Button } from '@somastack/uix';
import { Mic } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from 'react';
import type { CallHolder } from './voice/VoicePanel.tsx';
import { useChatWords } from './words.ts';

const VoicePanel = lazy(() => import('./voice/VoicePanel.tsx').then(({ VoicePanel: panel }) => ({ default: panel })));

export type VoiceSlot = { button: ReactNode; panel: ReactNode };

/** The button beside the box to write in, and what it opens. All of it is loaded when somebody first wants to speak. */
export const useVoiceSlot = (session: string | undefined, persona: string | undefined, onSession: (session: string) => void): VoiceSlot => {
  const say = useChatWords();
  const [open, setOpen] = useState(false);
  const holder = useRef<CallHolder['current']>(null) as CallHolder;
  const end = () => {
    holder.current?.close();
    holder.current = null;
    setOpen(false);
  };
  useEffect(() => () => holder.current?.close(), [holder]);
  // Another conversation is not the one that is spoken to.
  useEffect(() => {
    const talking = holder.current?.get().session;
    if (talking && talking !== session) {
      holder.current?.close();
      holder.current = null;
      setOpen(false);
    }
  }, [holder, session]);
  return {
    button: <Button look="quiet" size="icon" aria-label={say('voice')} aria-expanded={open} onClick={() => (open ? end() : setOpen(true))} className="rounded-full"><Mic aria-hidden className="size-4" /></Button>,
    panel: open ? <Suspense><div className="px-4"><VoicePanel holder={holder} session={session} persona={persona} onSession={onSession} onClose={end} /></div></Suspense> : null,
  };
};
