import { Button } from '@somastack/uix';
import { Maximize, Pause, Play, X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Mark } from '~/app/Mark.tsx';
import { useSightWords } from './words.ts';

const turnMs = 15_000;

/** One part after the other over the whole window. It can be paused, and Escape leaves it. */
export const Kiosk = ({ parts, at, onTurn, onLeave }: { parts: readonly { id: string; title: string; content: ReactNode }[]; at: number; onTurn: (at: number) => void; onLeave: () => void }) => {
  const say = useSightWords();
  const box = useRef<HTMLDialogElement>(null);
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    const dialog = box.current!;
    if (!dialog.open) dialog.showModal();
    return () => dialog.close();
  }, []);
  useEffect(() => {
    if (paused) return;
    const timer = setTimeout(() => onTurn((at + 1) % parts.length), turnMs);
    return () => clearTimeout(timer);
  }, [at, paused, parts.length, onTurn]);
  const part = parts[at]!;
  return (
    <dialog ref={box} aria-label={say('kiosk')} onCancel={(event) => { event.preventDefault(); onLeave(); }} className="fixed inset-0 m-0 size-full max-h-none max-w-none bg-bg p-0 text-text">
      <div className="flex min-h-full flex-col">
        <header className="flex flex-wrap items-center gap-3 border-b border-line px-6 py-3">
          <Mark className="size-7" /><h1 className="text-xl font-semibold tracking-tight">{say('title')}</h1><span className="text-base text-muted">{part.title} · {say('page', { n: at + 1, total: parts.length })}</span>
          <div className="ms-auto flex gap-1">
            <Button look="quiet" size="sm" aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? <Play aria-hidden className="size-4" /> : <Pause aria-hidden className="size-4" />}{paused ? say('goOn') : say('pause')}</Button>
            <Button look="quiet" size="sm" onClick={() => void (document.fullscreenElement ? document.exitFullscreen() : box.current?.requestFullscreen())}><Maximize aria-hidden className="size-4" />{say('whole')}</Button>
            <Button look="quiet" size="sm" onClick={onLeave}><X aria-hidden className="size-4" />{say('leave')}</Button>
          </div>
        </header>
        <div className="flex-1 p-6">{part.content}</div>
      </div>
    </dialog>
  );
};
