import { X } from 'lucide-react';
import { Toast as Radix } from 'radix-ui';
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import { Button } from './Button.tsx';
import { cn } from './cn.ts';
import { useText } from './text.tsx';

type Message = { key: number; tone: 'ok' | 'bad' | 'info'; title: string; detail?: ReactNode };
type Say = (message: Omit<Message, 'key'>) => void;

const Toasts = createContext<Say>(() => undefined);
const shownMs = 6000;
const shownMax = 3;

/** Says what came of something the user started; nothing else is worth an interruption. */
export const ToastProvider = ({ children }: { children: ReactNode }) => {
  const text = useText();
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const say = useCallback<Say>((message) => setMessages((old) => [...old, { ...message, key: (old.at(-1)?.key ?? 0) + 1 }].slice(-shownMax)), []);
  const drop = (key: number) => setMessages((old) => old.filter((message) => message.key !== key));
  return (
    <Toasts.Provider value={useMemo(() => say, [say])}>
      <Radix.Provider duration={shownMs} label={text.notifications}>
        {children}
        {messages.map((message) => (
          <Radix.Root key={message.key} type={message.tone === 'bad' ? 'foreground' : 'background'} onOpenChange={(open) => open || drop(message.key)}
            className={cn('flex items-start gap-3 rounded-lg border border-line bg-surface p-3 ps-4 shadow-high', message.tone === 'bad' && 'border-bad', message.tone === 'ok' && 'border-ok')}>
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-base font-semibold">{message.title}</Radix.Title>
              {message.detail ? <Radix.Description className="text-sm text-muted">{message.detail}</Radix.Description> : null}
            </div>
            <Radix.Close asChild><Button look="quiet" size="icon" aria-label={text.dismiss}><X aria-hidden className="size-4" /></Button></Radix.Close>
          </Radix.Root>
        ))}
        {/* Above, where nothing is pressed: below it would lie on the button that sends and stops. */}
        <Radix.Viewport className="pointer-events-none fixed inset-x-0 top-2 z-50 mx-auto flex w-96 max-w-[calc(100vw-2rem)] flex-col gap-2 *:pointer-events-auto" />
      </Radix.Provider>
    </Toasts.Provider>
  );
};

export const useToast = () => useContext(Toasts);
