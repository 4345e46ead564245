import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { rereading } from './reread.ts';

const queryKey = ['session', 'a'];

/** A query whose every reading waits for its answer, as over a slow network. */
const slow = () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const readings: ((value: string) => void)[] = [];
  const stop = new QueryObserver(client, { queryKey, queryFn: () => new Promise<string>((resolve) => readings.push(resolve)) }).subscribe(() => undefined);
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  return { client, readings, stop, settled, shown: () => client.getQueryData(queryKey) };
};

describe('what happened', () => {
  it('while the first reading was under way is seen by a second one', async () => {
    const { client, readings, stop, settled, shown } = slow();
    void rereading(client, queryKey, new AbortController().signal)();
    readings[0]!('answering');
    await settled();
    expect(readings).toHaveLength(2);
    readings[1]!('completed');
    await settled();
    expect([shown(), readings.length]).toEqual(['completed', 2]);
    stop();
  });

  it('often at once is read once, and once more for what came in the meantime', async () => {
    const { client, readings, stop, settled, shown } = slow();
    readings[0]!('before');
    await settled();
    const reread = rereading(client, queryKey, new AbortController().signal);
    for (let count = 0; count < 30; count++) void reread();
    await settled();
    expect(readings).toHaveLength(2);
    readings[1]!('between');
    await settled();
    readings[2]!('after');
    await settled();
    expect([shown(), readings.length]).toEqual(['after', 3]);
    stop();
  });

  it('after the page was left is not read', async () => {
    const { client, readings, stop, settled } = slow();
    readings[0]!('before');
    await settled();
    void rereading(client, queryKey, AbortSignal.abort())();
    await settled();
    expect(readings).toHaveLength(1);
    stop();
  });
});
