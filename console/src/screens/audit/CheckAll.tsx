import { Button, useToast } from '@somastack/uix';
import { useMutation } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useLanguage } from '~/i18n/words.ts';
import { verifyAll } from './verify.ts';
import { useAuditWords } from './words.ts';

const everyLines = 250;

/** Computes every seal of the tenant anew, here. */
export const CheckAll = () => {
  const say = useAuditWords();
  const lang = useLanguage();
  const toast = useToast();
  const [seen, setSeen] = useState(0);
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const check = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      return verifyAll((lines) => lines % everyLines === 0 && setSeen(lines), stop.current.signal);
    },
    onSuccess: ({ lines, bad, complete }) => {
      const n = lines.toLocaleString(lang);
      if (bad.length > 0) toast({ tone: 'bad', title: say('allBad', { n: bad.length, position: bad[0]! }) });
      else if (!complete) toast({ tone: 'bad', title: say('allCut', { n }) });
      else toast({ tone: 'ok', title: say('allGood', { n }) });
    },
    onError: (cause) => stop.current?.signal.aborted || toast({ tone: 'bad', title: cause.message }),
  });
  return check.isPending ? (
    <span className="flex items-center gap-2 text-sm text-muted"><span role="status">{say('allRunning', { n: seen.toLocaleString(lang) })}</span><Button size="sm" onClick={() => stop.current?.abort()}>{say('stop')}</Button></span>
  ) : (
    <Button size="sm" className="h-8" onClick={() => check.mutate()}><ShieldCheck aria-hidden className="size-4" />{say('all')}</Button>
  );
};
