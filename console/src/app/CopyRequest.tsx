import { Button, Menu, useToast } from '@somastack/uix';
import { SquareTerminal } from 'lucide-react';
import { useCommon } from '~/i18n/common.ts';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const curlOf = (method: string, path: string, body: unknown) =>
  [`curl -s${method === 'GET' ? '' : ` -X ${method}`} -H "Authorization: Bearer $(soma token)"`, body === undefined ? '' : `-H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`, quote(location.origin + path)].filter(Boolean).join(' ');

/** The same thing without the console: as curl, and as a command where there is one. The token stays a variable. */
export const CopyRequest = ({ method, path, body, cli }: { method: string; path: string; body?: unknown; cli?: string }) => {
  const say = useCommon();
  const toast = useToast();
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => toast({ tone: 'ok', title: say('copied'), detail: text }));
  return (
    <Menu
      trigger={<Button look="quiet" size="icon" aria-label={say('copyAs')}><SquareTerminal aria-hidden className="size-4" /></Button>}
      items={[{ id: 'curl', label: say('copyCurl'), onSelect: () => copy(curlOf(method, path, body)) }, ...(cli ? [{ id: 'cli', label: say('copyCli'), onSelect: () => copy(cli) }] : [])]}
    />
  );
};
