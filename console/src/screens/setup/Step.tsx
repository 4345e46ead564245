import { Badge, Card, CardBody, cn } from '@somastack/uix';
import { Check, Circle } from 'lucide-react';
import type { ReactNode } from 'react';
import { useSetupWords } from './words.ts';

/** One thing to have done; `done` is a fact that the server told, null while it is not known. */
export const Step = ({ title, text, done, children }: { title: string; text: string; done: boolean | null; children?: ReactNode }) => {
  const say = useSetupWords();
  return (
    <Card>
      <CardBody className="flex gap-3.5">
        <span aria-hidden className={cn('mt-0.5 flex size-5 shrink-0 items-center justify-center rounded-full', done ? 'bg-ok-soft text-ok' : 'text-muted')}>{done ? <Check className="size-3.5" strokeWidth={3} /> : <Circle className="size-5" />}</span>
        <div className="min-w-0 flex-1">
          <h2 className="flex items-center gap-2 text-base font-semibold">{title}<Badge tone={done ? 'ok' : 'neutral'}>{done === null ? '—' : done ? say('done') : say('toDo')}</Badge></h2>
          <p className="text-muted">{text}</p>
          {children ? <div className="mt-3 flex flex-col gap-3">{children}</div> : null}
        </div>
      </CardBody>
    </Card>
  );
};
