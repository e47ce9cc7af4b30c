import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET } from '../support/app.ts';
import { newPerson, openBrowser } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { startProcess } from '../support/process.ts';

describe('several workers', () => {
  let opened: TestDatabase;
  let app: ReturnType<typeof startProcess>;
  let address: string;
  let metricsPort: number;
  beforeAll(async () => {
    opened = await openTestDatabase();
    metricsPort = await freePort();
    app = startProcess({
      AUTH_SECRET: SECRET,
      DATABASE_URL: opened.url ?? '',
      WEB_CONCURRENCY: '2',
      LOG_LEVEL: 'info',
      METRICS_PORT: String(metricsPort),
    });
    address = await app.ready();
  });
  afterAll(async () => {
    await app.kill();
    await opened.close();
  });

  const lines = (message: string) =>
    app.output.text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === message);
  const servedBy = () => new Set(lines('request').map(({ pid }) => pid));

  it('share one port, log one line, and purge in one of them', async () => {
    await expect
      .poll(async () => {
        await fetch(`${address}/healthz`, { headers: { connection: 'close' } });
        return servedBy().size;
      })
      .toBe(2);
    expect(app.output.text.match(/ready at/g)).toHaveLength(1);
    await expect.poll(() => lines('purge').length).toBe(1);
  });

  it('report their metrics together', async () => {
    const read = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    await expect
      .poll(read, { timeout: 20_000 })
      .toMatch(/latchkey_propagation_seconds_count [1-9]/);
    expect(await read()).toMatch(
      /latchkey_request_seconds_count\{method="GET",status="2xx"\} [1-9]/,
    );
  });

  it('all reject what one revoked', async () => {
    const person = newPerson();
    const [here, there] = [openBrowser({ server: address }), openBrowser({ server: address })];
    await here.signUp(person);
    await there.signIn(person);
    for (let round = 0; round < 10; round += 1) expect(await there.isSignedIn()).toBe(true);
    expect((await here.delete('/api/sessions?scope=others')).body).toEqual({ ended: 1 });
    await expect.poll(() => there.isSignedIn()).toBe(false);
    for (let round = 0; round < 10; round += 1) expect(await here.isSignedIn()).toBe(true);
  });

  it('open the outbox with the same token in each of them', async () => {
    const [link = ''] = /http:\/\/\S+\/dev\/outbox\?token=\S+/.exec(app.output.text) ?? [];
    const opened = new Map<number, boolean>();
    await expect
      .poll(async () => {
        const headers = { connection: 'close' };
        const { status } = await fetch(link, { headers, redirect: 'manual' });
        expect(status).toBe(303);
        for (const { pid, path } of lines('request')) opened.set(pid, path === '/dev/outbox');
        return [...opened.values()].filter(Boolean).length;
      })
      .toBe(2);
  });

  it('are replaced when they die, and stop together', async () => {
    const [victim] = servedBy();
    process.kill(victim, 'SIGKILL');
    await expect.poll(() => lines('worker died, starting another').length).toBe(1);
    await expect
      .poll(
        async () => {
          await fetch(`${address}/healthz`, { headers: { connection: 'close' } }).catch(() => null);
          return servedBy().size;
        },
        { timeout: 20_000 },
      )
      .toBe(3);
    app.child.kill('SIGTERM');
    expect(await app.exit).toEqual({ code: 0, signal: null });
  });

  it('report once why they cannot start', async () => {
    const failing = startProcess({
      AUTH_SECRET: SECRET,
      DATABASE_URL: 'postgres://127.0.0.1:1/nothing',
      WEB_CONCURRENCY: '2',
    });
    expect((await failing.exit).code).toBe(1);
    expect(failing.output.text).toContain('The database of DATABASE_URL does not answer');
    expect(failing.output.text).not.toContain('    at ');
    await failing.kill();
  });
});
