// A provider that speaks OpenAI's wire format over loopback and says one word of its text at a time, for as long as it is let.
import { createServer } from 'node:http';
import { once } from 'node:events';

/** A long answer, said at a pace: prose, lists and code, as models write. */
const paragraph = 'A policy is read before anything acts, and what it decides is kept with its terms. ';
export const fast = { model: 'fast', perSecond: 200, tokens: Array.from({ length: 1_000 }, (_, index) => (index % 100 === 99 ? '\n\n' : index % 100 === 60 ? '\n\n- an item of a list: ' : index % 250 === 10 ? '\n\n```js\nconst more = index + 1;\n```\n\n' : paragraph.split(/(?<= )/)[index % 16])) };

/** Asks for the first tool that it is offered, once, and then says what it was told. */
export const tooled = 'tooled';

const words = 'The constitution is read first, then the policy decides, then memory is searched and only then a model is asked to answer.'.split(' ');

export class Paced {
  static async start() {
    const paced = new Paced();
    paced.said = 0;
    paced.held = true;
    paced.waiting = [];
    paced.server = createServer((request, response) => void paced.answer(request, response)).listen(0, '127.0.0.1');
    await once(paced.server, 'listening');
    paced.url = `http://127.0.0.1:${paced.server.address().port}/v1`;
    return paced;
  }

  text = words.join(' ');
  firstHalf = words.slice(0, words.length / 2).join(' ');

  /** Lets everything that waits in the middle go on. */
  goOn() {
    this.held = false;
    for (const resume of this.waiting.splice(0)) resume();
  }

  hold() {
    this.held = true;
  }

  async answer(request, response) {
    let asked = '';
    for await (const part of request) asked += part;
    if (request.url.endsWith('/models')) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: ['paced', fast.model, tooled].map((id) => ({ id, object: 'model', created: 1, owned_by: 'loopback' })) }));
      return;
    }
    const { model, messages, tools } = JSON.parse(asked);
    const isFast = model === fast.model;
    this.asked = messages;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = (delta, finish = null, usage) => response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: usage ? [] : [{ index: 0, delta, finish_reason: finish }], ...(usage ? { usage } : {}) })}\n\n`);
    if (model === tooled && messages.at(-1).role !== 'tool') {
      send({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: tools[0].function.name, arguments: JSON.stringify({ query: 'kill switch' }) } }] });
      send({}, 'tool_calls');
      send({}, null, { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 });
      response.end('data: [DONE]\n\n');
      return;
    }
    if (isFast) {
      const from = performance.now();
      for (let said = 0; said < fast.tokens.length && !response.destroyed; ) {
        // As many as are due, so that a late timer does not slow the pace.
        for (const due = Math.min(fast.tokens.length, Math.floor(((performance.now() - from) / 1000) * fast.perSecond) + 1); said < due; said++) send({ content: fast.tokens[said] });
        await new Promise((resolve) => setTimeout(resolve, 1000 / fast.perSecond));
      }
    } else for (const [index, word] of words.entries()) {
      if (index === Math.floor(words.length / 2) && this.held) await Promise.race([new Promise((resolve) => this.waiting.push(resolve)), once(response, 'close')]);
      if (response.destroyed) return;
      send({ content: (index ? ' ' : '') + word });
    }
    send({}, 'stop');
    send({}, null, { prompt_tokens: 20, completion_tokens: (isFast ? fast.tokens : words).length, total_tokens: 20 + (isFast ? fast.tokens : words).length });
    response.end('data: [DONE]\n\n');
  }

  async stop() {
    this.goOn();
    this.server.closeAllConnections();
    this.server.close();
  }
}
