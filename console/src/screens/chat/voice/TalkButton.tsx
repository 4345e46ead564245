import { Button } from '@somastack/uix';
import { Mic } from 'lucide-react';
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import type { VoiceCall } from './call.ts';
import { useVoiceWords } from './words.ts';

const talkKeys = new Set([' ', 'Enter']);

/** Held with a finger, a mouse or a key; or, for whoever cannot hold, pressed once to begin and once more to end. */
export const TalkButton = ({ call, hearing, disabled, press }: { call: VoiceCall; hearing: boolean; disabled: boolean; press: boolean }) => {
  const say = useVoiceWords();
  const talking = useRef(false);
  const begin = () => {
    if (talking.current) return;
    talking.current = true;
    call.talk();
  };
  const end = () => {
    if (!talking.current) return;
    talking.current = false;
    call.done();
  };
  const toggle = () => (talking.current ? end() : begin());
  const held = press ? {} : {
    onPointerDown: (event: PointerEvent<HTMLButtonElement>) => {
      if (event.button !== 0) return;
      // So that letting go beside the button is letting go too.
      event.currentTarget.setPointerCapture(event.pointerId);
      begin();
    },
    onPointerUp: end,
    onPointerCancel: end,
    onKeyDown: (event: KeyboardEvent) => {
      if (!talkKeys.has(event.key)) return;
      event.preventDefault();
      if (!event.repeat) begin();
    },
    onKeyUp: (event: KeyboardEvent) => {
      if (talkKeys.has(event.key)) end();
    },
    onBlur: end,
    onContextMenu: (event: { preventDefault: () => void }) => event.preventDefault(),
  };
  return (
    <Button look="primary" autoFocus disabled={disabled} aria-pressed={hearing} className="touch-none select-none" onClick={press ? toggle : undefined} {...held}>
      <Mic aria-hidden className="size-4" />
      {press ? (hearing ? say('end') : say('press')) : say('hold')}
    </Button>
  );
};
