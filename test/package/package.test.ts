import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsForTest } from '../embedding/settings.ts';
import { compile, installPackage } from '../support/example/install-package.ts';
import { freePort } from '../support/free-port.ts';

const run = promisify(execFile);

const HOST = `
import express from 'express';
import { ConfigError, latchkey } from 'latchkey';

declare module 'latchkey' {
  interface Attributes { department?: string }
  interface SessionData { cart?: string[] }
}
const app = express();
const auth = await latchkey({ port: 0, logLevel: 'error', trustProxy: 1, sessionMaxAge: '30m' });
app.use(auth.middleware);
app.get('/', (_request, response) => { response.json({ outbox: auth.outboxUrl }) });
app.get('/notes/:id', auth.requireSignIn, (request, response) => {
  const { user, session } = request.viewer;
  const department: string | undefined = user.attributes.department;
  const cart: string[] | undefined = session.data.cart;
  const id: string = request.params.id;
  response.json({ name: user.name, department, cart, id });
});
const server = await auth.listen(app).catch((error: unknown) => {
  throw error instanceof ConfigError ? error.message : error;
});
const address = server.address();
console.log(typeof address === 'object' && address?.port);
process.once('SIGTERM', auth.close);
`;

/** Each line must be refused by the compiler. */
const MISTAKES = `
import express from 'express';
import { latchkey } from 'latchkey';
declare module 'latchkey' {
  interface Attributes { department?: string }
}
const auth = await latchkey({ roles: ['user', 'editor'] });
// @ts-expect-error: no such option
await latchkey({ sesionMaxAge: '1h' });
// @ts-expect-error: no such unit
await latchkey({ sessionMaxAge: '1 week' });
// @ts-expect-error: no such role
auth.requireRole('root');
auth.requireRole('editor', 'admin');
await auth.users.setRole('id', 'editor');
// @ts-expect-error: no such role
await auth.users.setRole('id', 'root');
express().get('/', (request, response) => {
  // @ts-expect-error: nobody may be signed in
  response.json(request.viewer.user);
  // @ts-expect-error: no such attribute
  response.json(request.viewer?.user.attributes.plan);
});
`;

describe('the package', () => {
  let folder: string;
  let host: string;
  let installed: string;
  let settings: Awaited<ReturnType<typeof settingsForTest>>;
  beforeAll(async () => {
    settings = await settingsForTest();
    ({ folder, host, installed } = await installPackage());
  });
  afterAll(async () => {
    await settings.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const variables = () => ({
    PATH: process.env.PATH,
    PORT: '0',
    DATA_DIR: settings.options.dataDir,
    AUTH_SECRET: settings.options.authSecret,
  });

  it('contains what it needs to run, types and source maps, and nothing else', async () => {
    const files = await readdir(installed, { recursive: true, withFileTypes: true });
    const paths = files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const outside = paths.filter((path) => !/^(dist|drizzle|public|views)\//.test(path)).sort();
    expect(outside).toEqual(['LICENSE', 'README.md', 'package.json']);
    const modules = paths.filter((path) => /^dist\/.*\.js$/.test(path));
    expect(modules).toContain('dist/index.js');
    expect(modules).not.toContain('dist/left-over.js');
    const belonging = modules.flatMap((path) => [path, `${path}.map`, path.replace(/js$/, 'd.ts')]);
    expect(paths.filter((path) => path.startsWith('dist/')).sort()).toEqual(belonging.sort());
    const map = JSON.parse(await readFile(join(installed, 'dist/index.js.map'), 'utf8'));
    // The sources are not in the package.
    expect(map.sourcesContent.join()).toContain('Adds Latchkey to an Express app');
    expect(map.sources.join()).not.toContain(folder);
  });

  it('compiles and runs in a host app', async () => {
    await writeFile(join(host, 'host.ts'), HOST);
    await writeFile(join(host, 'mistakes.ts'), MISTAKES);
    await compile(host, 'host.ts', 'mistakes.ts');
    const child = spawn(process.execPath, ['host.js'], { cwd: host, env: variables() });
    child.stderr.pipe(process.stderr);
    const [port] = await once(child.stdout, 'data');
    const answer = await fetch(`http://127.0.0.1:${Number(port)}/`);
    expect(await answer.json()).toEqual({ outbox: expect.stringContaining('/dev/outbox?token=') });
    const guarded = await fetch(`http://127.0.0.1:${Number(port)}/notes/1`);
    expect(guarded.status).toBe(401);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('runs the app that the guide and the README begin with', async () => {
    const [guide = '', readme = ''] = await Promise.all(
      ['docs/embedding.md', 'README.md'].map(async (path) => {
        const text = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
        return /```js\n(import express[\s\S]*?)```/.exec(text)?.[1];
      }),
    );
    expect(readme).toBe(guide);
    await writeFile(join(host, 'app.js'), guide);
    const env = { ...variables(), PORT: String(await freePort()) };
    const child = spawn(process.execPath, ['app.js'], { cwd: host, env });
    child.stderr.pipe(process.stderr);
    const [line] = await once(child.stdout, 'data');
    expect(String(line)).toContain('http://localhost:3000/notes');
    const answers = await Promise.all(
      ['/notes', '/sign-in'].map((path) => fetch(`http://127.0.0.1:${env.PORT}${path}`)),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
  });

  it('has a command that runs it alone', async () => {
    const child = spawn('node_modules/.bin/latchkey', { cwd: host, env: variables() });
    child.stderr.pipe(process.stderr);
    const [line] = await once(child.stdout, 'data');
    const [address = ''] = /http:\/\/\S+/.exec(String(line)) ?? [];
    const page = await fetch(`${address}/sign-in`);
    expect(page.status).toBe(200);
    expect((await fetch(`${address}/latchkey.css`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('says what to do when the embedded database is not installed', async () => {
    const pglite = join(host, 'node_modules/@electric-sql');
    await rename(pglite, `${pglite}-away`);
    const started = run('node_modules/.bin/latchkey', { cwd: host, env: variables() });
    const { code, stderr } = await started.catch((error) => error);
    await rename(`${pglite}-away`, pglite);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'The embedded database needs the package @electric-sql/pglite. Install it, or set DATABASE_URL to a PostgreSQL database.\n',
    );
  });
});
