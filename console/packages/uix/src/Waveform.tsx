import { Pause, Play } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type WaveSurfer from 'wavesurfer.js';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { useText } from './text.tsx';

/** Recorded or spoken audio as its real samples, played by a button. The library comes only where audio is shown. */
export const Waveform = ({ audio, label, styleNonce, className }: { audio: Blob; label: string; styleNonce?: string; className?: string }) => {
  const text = useText();
  const place = useRef<HTMLDivElement>(null);
  const wave = useRef<WaveSurfer>(null);
  const [playing, setPlaying] = useState(false);
  const [seconds, setSeconds] = useState<number | null>(null);
  useEffect(() => {
    let gone = false;
    const colours = getComputedStyle(document.documentElement);
    void import('wavesurfer.js').then(({ default: Wave }) => {
      if (gone || !place.current) return;
      const made = Wave.create({ container: place.current, height: 40, barWidth: 2, barGap: 1, barRadius: 2, waveColor: colours.getPropertyValue('--soma-line-strong'), progressColor: colours.getPropertyValue('--soma-accent'), cspNonce: styleNonce });
      made.on('play', () => setPlaying(true));
      made.on('pause', () => setPlaying(false));
      made.on('ready', setSeconds);
      void made.loadBlob(audio);
      wave.current = made;
    });
    return () => {
      gone = true;
      wave.current?.destroy();
    };
  }, [audio, styleNonce]);
  return (
    <figure aria-label={label} className={cn('flex items-center gap-3 rounded-lg border border-line bg-surface p-2 pe-4', className)}>
      <Button look="quiet" size="icon" onClick={() => void wave.current?.playPause()} aria-label={playing ? text.pause : text.play}>{playing ? <Pause aria-hidden className="size-4" /> : <Play aria-hidden className="size-4" />}</Button>
      <div ref={place} aria-hidden className="min-w-0 flex-1" />
      <figcaption className="text-xs text-muted tabular-nums">{seconds === null ? '—' : `${seconds.toFixed(1)} s`}</figcaption>
    </figure>
  );
};
