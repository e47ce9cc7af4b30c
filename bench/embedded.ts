import { createDatabase } from './databases.ts';
import { type LoadOptions, load, writeCookieFile } from './load.ts';
import { pages } from './pages.ts';
import { startPage } from './processes.ts';
import { formatNumber, table, targetRow } from './report.ts';
import { median } from './statistics.ts';

const GENERATIONS = 3;
const ROUNDS = 6;
const WARM_UP = 30_000;
const ROUND: LoadOptions = { seconds: 1, connections: 32 };

interface Measured {
  name: string;
  perSecond: number;
  /** CPU time of the server process per request. */
  microseconds: number;
}

/** What a signed-in page of a host app costs behind Latchkey, and behind others. */
export async function measureEmbedded(): Promise<string> {
  const measured = await measureAll(Object.keys(pages));
  const costOf = (name: string) =>
    measured.find((each) => each.name === name)?.microseconds ?? Number.NaN;
  const bare = costOf('bare');
  const rows = measured.map(({ name, perSecond, microseconds }) => [
    name,
    formatNumber(microseconds / bare, 2),
    formatNumber(microseconds, 1),
    formatNumber(perSecond, 0),
  ]);
  const targets = ['latchkey jwt', 'latchkey database'].flatMap((name) => [
    targetRow(`${name}, CPU of bare`, { atMost: 1.11 }, costOf(name) / bare),
    targetRow(
      `${name}, CPU of plain Express`,
      { atMost: 1 },
      costOf(name) / costOf('plain Express'),
    ),
  ]);
  return [
    '## Embedded page',
    `CPU time of the server per request and requests per second, medians of ${GENERATIONS * ROUNDS} interleaved rounds of ${ROUND.seconds} s, in ${GENERATIONS} successive processes, ${ROUND.connections} connections, 1,000 signed-in sessions in rotation. A page of notes in EJS. *Bare* is a host app without a check, served with \`auth.listen\`; *plain Express* is the same app with \`app.listen\`, which the other libraries use too.`,
    table(['page behind', 'CPU of bare', 'CPU per request in µs', 'requests/s'], rows),
    table(['target', 'wanted', 'measured', ''], targets),
  ].join('\n\n');
}

async function measureAll(names: string[]): Promise<Measured[]> {
  const measured = names.map((name) => ({ name, rates: [] as number[], costs: [] as number[] }));
  // New processes in each generation, as two of the same program differ by a few percent.
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const subjects = [];
    for (const { name, rates, costs } of measured) {
      const server = await startPage(name, await createDatabase());
      const cookieFile = await writeCookieFile(server.cookies);
      const send = async () => {
        const before = await server.cpuMicroseconds();
        const { requests, perSecond } = await load(server.url, cookieFile, ROUND);
        const cost = ((await server.cpuMicroseconds()) - before) / requests;
        return { requests, perSecond, cost };
      };
      await warmUp(send);
      subjects.push({ server, send, rates, costs });
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { send, rates, costs } of subjects) {
        const { perSecond, cost } = await send();
        rates.push(perSecond);
        costs.push(cost);
      }
    }
    await Promise.all(subjects.map(({ server }) => server.stop()));
  }
  return measured.map(({ name, rates, costs }) => ({
    name,
    perSecond: median(rates),
    microseconds: median(costs),
  }));
}

/** V8 still compiles a page of this size after 10,000 requests. Slow ones stop after some rounds. */
async function warmUp(send: () => Promise<{ requests: number }>): Promise<void> {
  let sent = 0;
  for (let round = 0; round < 2 * ROUNDS && sent < WARM_UP; round += 1) {
    sent += (await send()).requests;
  }
}
