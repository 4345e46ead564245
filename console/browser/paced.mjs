// A provider that speaks OpenAI's wire format over loopback and says one word of its text at a time, for as long as it is let.
import { createServer } from 'node:http';
import { once } from 'node:events';

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
    for await (const _ of request);
    if (request.url.endsWith('/models')) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'paced', object: 'model', created: 1, owned_by: 'loopback' }] }));
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = (delta, finish = null, usage) => response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'paced', choices: usage ? [] : [{ index: 0, delta, finish_reason: finish }], ...(usage ? { usage } : {}) })}\n\n`);
    for (const [index, word] of words.entries()) {
      if (index === Math.floor(words.length / 2) && this.held) await Promise.race([new Promise((resolve) => this.waiting.push(resolve)), once(response, 'close')]);
      if (response.destroyed) return;
      send({ content: (index ? ' ' : '') + word });
    }
    send({}, 'stop');
    send({}, null, { prompt_tokens: 20, completion_tokens: words.length, total_tokens: 20 + words.length });
    response.end('data: [DONE]\n\n');
  }

  async stop() {
    this.goOn();
    this.server.closeAllConnections();
    this.server.close();
  }
}
