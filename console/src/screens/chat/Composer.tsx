import { Button, cn, Select } from '@somastack/uix';
import { useQuery } from '@tanstack/react-query';
import { ArrowUp, Pencil, Square, X } from 'lucide-react';
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { FailureLine } from '~/app/Failure.tsx';
import { personasQuery } from './queries.ts';
import { useChatWords } from './words.ts';

/** The server's own limit for a message. */
const charactersMax = 32_000;
const rowsMax = 10;

export type ComposerProps = {
  text: string;
  onText: (text: string) => void;
  onSend: (text: string) => void;
  onStop?: () => void;
  running: boolean;
  stopping: boolean;
  sending: boolean;
  fault: unknown;
  queue: readonly string[];
  onQueue: (queue: readonly string[]) => void;
  editing: boolean;
  onCancelEdit: () => void;
  persona?: { value: string; onChange: (id: string) => void };
  focus: string;
  voice?: ReactNode;
};

/** Where messages are written. While one is being answered, the next ones wait in line. */
export const Composer = ({ text, onText, onSend, onStop, running, stopping, sending, fault, queue, onQueue, editing, onCancelEdit, persona, focus, voice }: ComposerProps) => {
  const say = useChatWords();
  const personas = useQuery(personasQuery);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // Whoever talks keeps the key under his finger.
    if (!document.activeElement?.closest('[data-voice]')) box.current?.focus();
  }, [focus, editing]);
  const tooLong = text.length > charactersMax;
  const send = () => {
    const words = text.trim();
    if (!words || tooLong || sending) return;
    if (running) {
      onQueue([...queue, words]);
      onText('');
    } else onSend(words);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape') {
      if (editing) onCancelEdit();
      else if (running) onStop?.();
    }
  };
  const rows = Math.min(rowsMax, Math.max(1, text.slice(0, 2_000).split('\n').length, Math.ceil(Math.min(text.length, 1_000) / 90)));
  return (
    <div className="mx-auto w-full max-w-[46rem] px-4 pb-4">
      {queue.length > 0 ? (
        <ul aria-label={say('queue')} className="mb-2 flex flex-col gap-1">
          {queue.map((words, index) => (
            <li key={index} className="flex items-center gap-2 rounded-md border border-line bg-sunken px-3 py-1 text-sm">
              <span className="min-w-0 flex-1 truncate">{words}</span>
              <Button look="quiet" size="icon" aria-label={say('edit')} onClick={() => { onText(words); onQueue(queue.filter((_, at) => at !== index)); }}><Pencil aria-hidden className="size-3.5" /></Button>
              <Button look="quiet" size="icon" aria-label={say('remove')} onClick={() => onQueue(queue.filter((_, at) => at !== index))}><X aria-hidden className="size-3.5" /></Button>
            </li>
          ))}
        </ul>
      ) : null}
      {editing ? <p className="mb-1 flex items-center gap-2 text-sm text-muted">{say('editing')}<Button look="quiet" size="sm" onClick={onCancelEdit}>{say('cancelEdit')}</Button></p> : null}
      <FailureLine cause={fault} />
      <div className={cn('rounded-2xl border border-line-strong bg-surface shadow-card focus-within:border-focus', tooLong && 'border-bad')}>
        <textarea ref={box} value={text} rows={rows} onChange={(event) => onText(event.target.value)} onKeyDown={onKeyDown} aria-label={say('message')} aria-invalid={tooLong || undefined} aria-describedby={tooLong ? 'message-too-long' : undefined}
          placeholder={running ? say('placeholderQueue') : say('placeholder')} className="block w-full resize-none rounded-2xl bg-surface px-4 pt-3 pb-1 text-base outline-none placeholder:text-muted" />
        <div className="flex items-center gap-2 px-2 pb-2">
          {persona && personas.data ? (
            <Select aria-label={say('persona')} value={persona.value} onChange={(event) => persona.onChange(event.target.value)} className="h-8 w-auto min-w-0 max-w-52 border-line text-sm">
              {personas.data.data.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
            </Select>
          ) : null}
          {tooLong ? <p id="message-too-long" role="alert" className="text-sm text-bad">{say('tooLong', { count: text.length.toLocaleString(), max: charactersMax.toLocaleString() })}</p> : null}
          <span className="ms-auto" />
          {running ? <Button look="plain" size="sm" onClick={onStop} busy={stopping} className="h-8"><Square aria-hidden className="size-3 fill-current" />{say('stop')}</Button> : null}
          {voice}
          <Button look="primary" size="icon" aria-label={say('send')} onClick={send} busy={sending} disabled={text.trim() === '' || tooLong} className="rounded-full">{sending ? null : <ArrowUp aria-hidden className="size-4" />}</Button>
        </div>
      </div>
    </div>
  );
};
