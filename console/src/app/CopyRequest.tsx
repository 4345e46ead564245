import { CopyButton } from '@somastack/uix';
import { useCommon } from '~/i18n/common.ts';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same thing without the console: as curl, and as a command where there is one. The token stays a variable. */
export const CopyRequest = ({ method, path, body, cli }: { method: string; path: string; body?: unknown; cli?: string }) => {
  const say = useCommon();
  const curl = () => [`curl -s${method === 'GET' ? '' : ` -X ${method}`} -H "Authorization: Bearer $(soma token)"`, body === undefined ? '' : `-H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`, quote(location.origin + path)].filter(Boolean).join(' ');
  return (
    <span className="flex flex-wrap">
      <CopyButton value={curl} label={say('copyCurl')} />
      {cli ? <CopyButton value={cli} label={say('copyCli')} /> : null}
    </span>
  );
};
