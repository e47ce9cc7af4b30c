import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLIND_AFTER_MS } from '../../src/database/listen.ts';
import { type OpenDatabase, openPostgres } from '../../src/database/open.ts';
import { purge } from '../../src/jobs/retention.ts';
import { STRATEGIES, startApp, type TestApp } from '../support/app.ts';
import { newPerson, openBrowser, type Person } from '../support/browser.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const OPERATIONS = 2_000;
/** Repeat a run with `SEED=… npx vitest run test/postgres/model`. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The expected state of a session. */
interface Client {
  person: Person;
  /** Its token, issued by one of the two apps. */
  token: string;
  /** When and where it ended; `elsewhere`: by the other app or another program. */
  ended: { atMs: number; by: number | null } | null;
}

describe.each(STRATEGIES)(
  `any order of events, with the %s strategy and SEED=${seed}`,
  (strategy) => {
    let made: TestDatabase;
    let lines: OpenDatabase[];
    let apps: TestApp[];
    beforeAll(async () => {
      made = await openTestDatabase();
      lines = await Promise.all([
        openPostgres(made.url ?? '', null),
        openPostgres(made.url ?? '', null),
      ]);
      const env = { SESSION_STRATEGY: strategy };
      apps = await Promise.all(lines.map((on) => startApp({ env, on })));
    });
    afterAll(async () => {
      await Promise.all(apps.map((app) => app.close()));
      await Promise.all(lines.map((line) => line.close()));
      await made.close();
    });

    it(`matches the model, ${OPERATIONS} times`, async () => {
      const random = mulberry32(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      const people = Array.from({ length: 12 }, newPerson);
      for (const person of people) await openBrowser(at(0)).signUp(person);
      const clients: Client[] = [];
      const log: string[] = [];

      function at(index: number): TestApp {
        const app = apps[index];
        if (!app) throw new Error(`There is no app ${index}.`);
        return app;
      }
      const end = (client: Client, by: number | null) => {
        client.ended ??= { atMs: performance.now(), by };
      };
      const liveOf = (person: Person) =>
        clients.filter((each) => each.person === person && each.ended === null);

      async function signIn(): Promise<void> {
        const person = people[below(people.length)] as Person;
        const browser = openBrowser(at(below(2)));
        await browser.signIn(person);
        const token = browser.token();
        expect(token, log.join('\n')).not.toBe(null);
        clients.push({ person, token: token ?? '', ended: null });
      }

      const send = (client: Client, app: number, method: 'get' | 'delete', path: string) =>
        openBrowser(at(app))[method](path).set('Authorization', `Bearer ${client.token}`);

      async function ask(client: Client, app: number): Promise<void> {
        const beganMs = performance.now();
        const { status } = await send(client, app, 'get', '/account');
        const isIn = status === 200;
        const { ended } = client;
        if (!ended) return expect(isIn, log.join('\n')).toBe(true);
        // Ended here: rejected at once. Ended elsewhere: within the bound.
        const mustBeOut = ended.by === app || beganMs - ended.atMs >= BLIND_AFTER_MS;
        if (mustBeOut) expect(isIn, log.join('\n')).toBe(false);
      }

      async function revoke(
        client: Client,
        app: number,
        what: 'own' | 'others' | 'all',
      ): Promise<void> {
        if (client.ended) return ask(client, app);
        const { person } = client;
        if (what === 'own') {
          const { body } = await send(client, app, 'get', '/api/sessions');
          const own = body.sessions.find((each: { isCurrent: boolean }) => each.isCurrent);
          expect((await send(client, app, 'delete', `/api/sessions/${own.id}`)).status).toBe(200);
          return end(client, app);
        }
        const answer = await send(client, app, 'delete', `/api/sessions?scope=${what}`);
        expect(answer.status, log.join('\n')).toBe(200);
        const [cookie] = (answer.get('Set-Cookie') ?? []).filter((each) => /token=[^;]/.test(each));
        for (const each of liveOf(person)) end(each, app);
        if (what === 'all') return;
        const token = decodeURIComponent(/token=([^;]+)/.exec(cookie ?? '')?.[1] ?? '');
        clients.push({ person, token, ended: null });
      }

      async function moveCutoff(): Promise<void> {
        const person = people[below(people.length)] as Person;
        await made.database.execute(
          sql`update latchkey."user" set sessions_valid_after = clock_timestamp() where email = ${person.email}`,
        );
        for (const each of liveOf(person)) end(each, null);
      }

      async function killListeners(): Promise<void> {
        await made.database.execute(
          sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and query ilike 'listen%'`,
        );
      }

      /** Mostly someone who is signed in, or was until recently. */
      function pick(): Client | undefined {
        const live = clients.filter(({ ended }) => ended === null);
        const ended = clients.filter((each) => each.ended !== null).slice(-40);
        const pool = below(2) ? live : ended;
        return pool[below(pool.length)] ?? clients[below(clients.length)];
      }

      for (let step = 0; step < OPERATIONS; step += 1) {
        const dice = below(1_000);
        const app = below(2);
        const client = pick();
        log.push(`${step}: ${dice} app ${app} client ${client && clients.indexOf(client)}`);
        const before = clients.filter(({ ended }) => ended === null);
        if (!client || dice < 60) await signIn();
        else if (dice < 100) await revoke(client, app, 'own');
        else if (dice < 108) await revoke(client, app, 'others');
        else if (dice < 112) await revoke(client, app, 'all');
        else if (dice < 116) await moveCutoff();
        else if (dice < 117) await killListeners();
        else if (dice < 122)
          await purge(made.database, {
            now: new Date(),
            retentionMs: 1,
            auditRetentionMs: 86_400_000,
            policy: { maxAgeMs: 7 * 86_400_000, absoluteAgeMs: null, idleTimeoutMs: null },
          });
        else await ask(client, app);
        // Ended here means rejected here at once.
        for (const each of before) if (each.ended) await ask(each, app);
      }
      // In the end both apps agree with the model.
      const late = performance.now() + BLIND_AFTER_MS;
      while (performance.now() < late) await new Promise((resolve) => setTimeout(resolve, 100));
      for (const client of clients) await Promise.all([ask(client, 0), ask(client, 1)]);
      expect(clients.some(({ ended }) => ended === null)).toBe(true);
    });
  },
);

/** A small seeded random generator. */
function mulberry32(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
