// Runs, a schedule, a template and a candidate of a tool, made by the routes that people use.

/** A person answers, and the run fails unless it was told to go on: what failed can be tried again, and forked with other inputs. */
const gatekeeper = `id: gatekeeper
version: 1.0.0
summary: Asks a person for a word and passes only when it was told to.
type: utility
inputs:
  - {name: pass, type: boolean, default: false, description: Whether it may go on.}
  - {name: names, type: list, default: [ada, bob]}
workflow:
  steps:
    - name: Ask
      action: human.ask
      params:
        title: The word of the day
        form:
          type: object
          properties:
            word: {type: string, title: The word, minLength: 3, maxLength: 40}
            loud: {type: boolean, title: Say it aloud}
          required: [word]
    - name: Greet
      action: flow.set
      for_each: names
      params: {text: "Hello {{ item }}, {{ steps.Ask.word }}"}
    - name: Note
      action: flow.set
      after: Ask
      params: {word: "{{ steps.Ask.word }}"}
    - name: Check
      action: flow.fail
      after: [Greet, Note]
      when: "!pass"
      params: {code: not_let_through, detail: It was not told to go on.}
    - name: Done
      action: flow.set
      params: {word: "{{ steps.Note.word }}"}
outputs:
  word: "{{ steps.Done.word }}"
`;

/** Reads until something holds; the server tells nobody who does not listen to it. */
export const until = async (read, holds) => {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`It never came to that: ${JSON.stringify(value).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

export const runOf = async (soma, id) => (await soma.call('GET', `/v1/mao/${id}`)).body;

/** A capsule of the tenant's own, submitted by its owner and let in by somebody else. */
const approveCapsule = async (soma, definition) => {
  await soma.call('PUT', '/v1/users/reviewer', { display_name: 'Reviewer', capabilities: ['capsule:review'] });
  const token = await soma.token('--principal', 'reviewer');
  const { id } = (await soma.call('POST', '/v1/submissions', { definition })).body;
  const { digest } = (await soma.call('GET', `/v1/submissions/${id}`)).body;
  await soma.call('POST', `/v1/submissions/${id}/review`, { decision: 'approve', digest }, { token });
};

let seeded;

/** Once for all tests: a run that waits for a person, one that failed, a schedule, a template, and an adapter that was not let in yet. */
export const seedRuns = (soma) =>
  (seeded ??= (async () => {
    await approveCapsule(soma, gatekeeper);
    const begin = async () => (await soma.call('POST', '/v1/mao/start', { capsule: 'gatekeeper', inputs: {} })).body.run_id;
    const [waiting, failed] = [await begin(), await begin()];
    for (const id of [waiting, failed]) await until(() => runOf(soma, id), (run) => run.waits.some((wait) => wait.kind === 'form'));
    await soma.call('POST', `/v1/mao/${failed}/answer`, { path: 'Ask', data: { word: 'heron' } });
    await until(() => runOf(soma, failed), (run) => run.status === 'failed');
    const schedule = (await soma.call('POST', '/v1/schedules', { name: 'The word at nine', cron: '0 9 * * 1-5', time_zone: 'America/New_York', capsule: 'gatekeeper', inputs: { pass: true } })).body.id;
    await soma.call('POST', `/v1/schedules/${schedule}/pause`, { reason: 'Holidays.' });
    await soma.call('POST', '/v1/templates', { id: 'word', name: 'A word that passes', capsule: 'gatekeeper', defaults: { pass: true } });
    const action = { name: 'now', description: 'The weather now.', risk: 'low', read_only: true, input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }, settings: { method: 'GET', path: '/v1/{city}' } };
    await soma.call('POST', '/v1/adapters', { manifest: { id: 'weather', version: '1.0.0', kind: 'http', summary: 'The weather of a city.', actions: [action], permissions: ['weather:read'], egress: ['https://api.weather.example'], settings: { base_url: 'https://api.weather.example' } } });
    return { waiting, failed, schedule };
  })());
