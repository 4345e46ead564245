// The real program on a fresh data folder; nothing between it and the browser.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const binary = process.env.SOMA_BINARY ?? fileURLToPath(new URL('../../artifacts/bin/SomaStack.Cli/release/soma.dll', import.meta.url));

const run = (args, environment) => spawn('dotnet', [binary, ...args], { env: { ...process.env, SOMA_DETECT: '0', DOTNET_CLI_TELEMETRY_OPTOUT: '1', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });

const textOf = async (stream) => {
  let text = '';
  for await (const part of stream) text += part;
  return text;
};

export class Soma {
  static async start({ data = mkdtempSync(join(tmpdir(), 'soma-console-')), url = 'http://127.0.0.1:0', environment = {}, command = 'up' } = {}) {
    if (!existsSync(binary)) throw new Error(`${binary} is not built.`);
    const soma = new Soma();
    soma.data = data;
    soma.environment = environment;
    const args = [command, '--data', data, '--url', url, ...(command === 'up' ? ['--json'] : [])];
    soma.process = run(args, environment);
    const errors = [];
    const ready = new Promise((resolve, reject) => {
      createInterface({ input: soma.process.stderr }).on('line', (line) => {
        errors.push(line);
        if (line.startsWith('ready ')) resolve(line.slice('ready '.length).replace(/\/$/, ''));
      });
      soma.process.once('exit', (code) => reject(new Error(`soma ended with ${code}:\n${errors.join('\n')}`)));
    });
    const said = new Promise((resolve) => {
      let text = '';
      soma.process.stdout.on('data', (part) => {
        text += part;
        try {
          resolve(JSON.parse(text));
        } catch {
          // Not whole yet.
        }
      });
    });
    soma.url = await ready;
    soma.welcome = command === 'up' ? await said : null;
    return soma;
  }

  /** SIGKILL, as a power cut would. */
  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }

  /** The same data folder at the same address. */
  async restart() {
    await this.kill();
    const again = await Soma.start({ data: this.data, url: this.url, environment: this.environment, command: 'serve' });
    this.process = again.process;
  }

  async stop() {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }

  async token(...args) {
    const command = run(['token', '--data', this.data, ...args], this.environment);
    const [token, error] = await Promise.all([textOf(command.stdout), textOf(command.stderr)]);
    if (!token.trim()) throw new Error(`soma token: ${error}`);
    return token.trim();
  }

  /** A call as the owner, or as whoever's token is given; a refusal throws. */
  async call(method, path, body, { token, headers = {} } = {}) {
    // For as long as the slowest run takes; the usual quarter of an hour ends before that on a busy machine.
    this.owner ??= await this.token('--minutes', '60');
    const response = await fetch(this.url + path, { method, headers: { Authorization: `Bearer ${token ?? this.owner}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { status: response.status, etag: response.headers.get('ETag'), body: text ? JSON.parse(text) : null };
  }
}
