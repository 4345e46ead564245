// What a tenant has after some use: a price, calls that were paid, limits, measured models, linked memories, waiting writes.
const questions = ['What is checked before an agent acts?', 'Who may stop everything?', 'Where does the token live?'];

const today = () => new Date().toISOString().slice(0, 10);

/** Uses the server as its owner would; nothing is written past its routes. */
export const seed = async (soma) => {
  const call = async (method, path, body, options) => (await soma.call(method, path, body, options)).body;
  await call('POST', '/v1/billing/prices', { provider: 'openai-compatible', model: 'paced', currency: 'USD', input: 2.5, output: 10, valid_from: today(), source: 'the test of the console' });
  await call('POST', '/v1/billing/limits', { metric: 'money', window: 'month', amount: 20 });
  await call('POST', '/v1/billing/limits', { metric: 'tokens', window: 'day', amount: 200_000, principal: 'owner' });
  const model = { messages: [{ role: 'user', content: questions[0] }], max_tokens: 200 };
  await call('POST', '/v1/chat/completions', { ...model, model: 'soma-extract' });
  for (const content of questions) await call('POST', '/v1/chat/completions', { ...model, messages: [{ role: 'user', content }], model: 'paced', stream: true }).catch((cause) => { if (!(cause instanceof SyntaxError)) throw cause; });
  await call('PUT', '/v1/tenants/demo/model-profiles/planning', { primary: 'soma-extract', fallbacks: ['paced'], settings: { temperature: 0.2, max_tokens: 512 }, retries: 2, timeout_seconds: 20 }, { headers: { 'If-Match': '"0"' } });
  const run = await call('POST', '/v1/run', { models: ['soma-extract'], tasks: ['qa', 'tool_calling'], wait: true });
  const [archive, moved] = (await call('POST', '/v1/remember/batch', { items: [
    { text: 'The archive opens at nine and closes at five.', kind: 'fact', key: 'archive-hours', tags: ['hours'], importance: 0.8 },
    { text: 'Ada lives in Lisbon since 2019 and likes the archive.', kind: 'episode', author: 'Ada' },
  ] })).results;
  await call('POST', '/v1/remember', { text: 'The archive opens at ten and closes at five.', kind: 'fact', key: 'archive-hours', tags: ['hours'] });
  await call('POST', '/v1/link', { from: moved.id, to: archive.id, type: 'related_to', weight: 0.7 });
  await call('POST', '/v1/outbox', { items: [{ id: 'offline-1', op: 'remember', body: { text: 'Written on a train without a network.' } }, { id: 'offline-2', op: 'link', body: { from: moved.id, to: '00000000-0000-0000-0000-000000000000', type: 'related_to' } }] });
  return { run: run.id, memory: moved.id };
};
