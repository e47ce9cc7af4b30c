import { execFileSync, spawn } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { STRATEGIES, startApp } from '../support/app.ts';
import { openBrowser, signInTwice } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { pgbouncerPath } from '../support/programs.ts';

describe.skipIf(pgbouncerPath === null)('through PgBouncer in transaction mode', () => {
  let made: TestDatabase;
  let folder: string;
  let pooler: ReturnType<typeof spawn>;
  let opened: OpenDatabase;

  beforeAll(async () => {
    made = await openTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'latchkey-pgbouncer-'));
    const port = await freePort();
    const direct = new URL(made.url ?? '');
    const { username, password, hostname, pathname } = direct;
    const target = `host=${hostname} port=${direct.port || 5432} dbname=${pathname.slice(1)}`;
    const config = join(folder, 'pgbouncer.ini');
    await writeFile(
      config,
      [
        '[databases]',
        `pooled = ${target} user=${username} password=${decodeURIComponent(password)}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        `unix_socket_dir =`,
        'auth_type = any',
        'pool_mode = transaction',
        'default_pool_size = 4',
      ].join('\n'),
    );
    pooler = spawn(pgbouncerPath ?? '', [config], {
      stdio: 'ignore',
      ...(await unprivileged(folder, config)),
    });
    opened = await openPostgres(`postgres://anyone@127.0.0.1:${port}/pooled`, made.url);
  });
  afterAll(async () => {
    await opened.close();
    pooler.kill('SIGTERM');
    await rm(folder, { recursive: true });
    await made.close();
  });

  it.each(STRATEGIES)(
    'revoking works and the cache is notified, with the %s strategy',
    async (strategy) => {
      const app = await startApp({ env: { SESSION_STRATEGY: strategy }, on: opened });
      const { here, there, otherId, person } = await signInTwice(app);
      // Concurrent requests spread transactions and prepared statements over connections.
      for (let round = 0; round < 5; round += 1) {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => here.get('/account/sessions')),
        );
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      }
      await expect
        .poll(async () => {
          await there.isSignedIn();
          return app.sessionStore.cache.size;
        })
        .toBeGreaterThan(0);
      await here.post(`/account/sessions/${otherId}/revoke`);
      expect(await there.isSignedIn()).toBe(false);
      await there.signIn(person);
      await here.post('/account/sessions/revoke-others');
      expect(await there.isSignedIn()).toBe(false);
      expect(await here.isSignedIn()).toBe(true);
      await there.signIn(person);
      await here.post('/auth/signout');
      expect(await here.isSignedIn()).toBe(false);
      expect(await there.isSignedIn()).toBe(true);
      expect((await openBrowser(app).get('/readyz')).status).toBe(200);
      await app.close();
    },
  );
});

/** PgBouncer refuses to run as root. */
async function unprivileged(...paths: string[]): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {};
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres']));
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  for (const path of paths) await chown(path, uid, gid);
  return { uid, gid };
}
