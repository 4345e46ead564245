import { Pause, Play } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { useText } from './text.tsx';

const barPx = 2;
const gapPx = 1;

/** The loudest sample of each of so many equal parts, from 0 to 1. */
export const peaksOf = (samples: Float32Array, parts: number) =>
  Float32Array.from({ length: parts }, (_, part) => {
    let peak = 0;
    for (let at = Math.floor((part * samples.length) / parts); at < Math.floor(((part + 1) * samples.length) / parts); at++) peak = Math.max(peak, Math.abs(samples[at]!));
    return Math.min(1, peak);
  });

const draw = (canvas: HTMLCanvasElement, samples: Float32Array, heard: number) => {
  const pen = canvas.getContext('2d');
  if (!pen) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const look = getComputedStyle(canvas);
  const root = getComputedStyle(document.documentElement);
  const [rest, done] = ['--soma-line-strong', '--soma-accent'].map((role) => root.getPropertyValue(role)) as [string, string];
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  pen.scale(devicePixelRatio, devicePixelRatio);
  const bars = Math.max(1, Math.floor(width / (barPx + gapPx)));
  peaksOf(samples, bars).forEach((peak, bar) => {
    const tall = Math.max(barPx, peak * height);
    const x = bar * (barPx + gapPx);
    pen.fillStyle = bar < heard * bars ? done : rest;
    pen.fillRect(look.direction === 'rtl' ? width - x - barPx : x, (height - tall) / 2, barPx, tall);
  });
};

/** Recorded or spoken audio as its real samples, played by a button. */
export const Waveform = ({ audio, label, className }: { audio: Blob; label: string; className?: string }) => {
  const text = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const player = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [seconds, setSeconds] = useState<number | null>(null);
  useEffect(() => {
    const address = URL.createObjectURL(audio);
    const sound = new Audio(address);
    player.current = sound;
    const reader = new AudioContext();
    let samples: Float32Array | null = null;
    let gone = false;
    const show = () => samples && canvas.current && draw(canvas.current, samples, sound.duration > 0 ? sound.currentTime / sound.duration : 0);
    const stopped = () => {
      setPlaying(false);
      show();
    };
    sound.onplay = () => setPlaying(true);
    sound.onpause = stopped;
    sound.onended = stopped;
    sound.ontimeupdate = show;
    const watcher = new ResizeObserver(show);
    if (canvas.current) watcher.observe(canvas.current);
    // What cannot be read is shown as unknown; the button still plays what the browser can.
    void audio.arrayBuffer().then((bytes) => reader.decodeAudioData(bytes)).then((read) => {
      if (gone) return;
      samples = read.getChannelData(0);
      setSeconds(read.duration);
      show();
    }).catch(() => undefined).finally(() => void reader.close().catch(() => undefined));
    return () => {
      gone = true;
      watcher.disconnect();
      sound.pause();
      URL.revokeObjectURL(address);
    };
  }, [audio]);
  const toggle = () => {
    const sound = player.current;
    if (sound?.paused) void sound.play().catch(() => setPlaying(false));
    else sound?.pause();
  };
  return (
    <figure aria-label={label} className={cn('flex items-center gap-3 rounded-lg border border-line bg-surface p-2 pe-4', className)}>
      <Button look="quiet" size="icon" onClick={toggle} aria-label={playing ? text.pause : text.play}>{playing ? <Pause aria-hidden className="size-4" /> : <Play aria-hidden className="size-4" />}</Button>
      <canvas ref={canvas} aria-hidden className="h-10 min-w-0 flex-1" />
      <figcaption className="text-xs text-muted tabular-nums">{seconds === null ? '—' : `${seconds.toFixed(1)} s`}</figcaption>
    </figure>
  );
};
