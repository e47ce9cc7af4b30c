import { createDatabase } from './databases.ts';
import { type Load, load, writeCookieFile } from './load.ts';
import { startVariant } from './processes.ts';
import { formatNumber, table, targetRow } from './report.ts';
import { median } from './statistics.ts';
import { variants } from './variants.ts';

const GENERATIONS = 3;
const ROUNDS = 6;
const ROUND = { seconds: 1, connections: 32 };

interface Measured {
  name: string;
  perSecond: number;
  p99: number;
  kilobytes: number;
}

/** Throughput with each check, compared with the same app without a check. */
export async function measureThroughput(): Promise<string> {
  const measured = await measureAll(Object.keys(variants));
  const rateOf = (name: string) => measured.find((each) => each.name === name)?.perSecond ?? 0;
  const cached = Math.min(rateOf('latchkey jwt cached'), rateOf('latchkey database cached'));
  const strict = Math.min(rateOf('latchkey jwt strict'), rateOf('latchkey database strict'));
  return [
    '## Throughput',
    `Requests per second, median of ${GENERATIONS * ROUNDS} interleaved rounds of ${ROUND.seconds} s, in ${GENERATIONS} successive processes, ${ROUND.connections} connections, 1,000 signed-in sessions in rotation. *Bare* is the same Express app with the same requests and no session check.`,
    table(
      ['check', 'of bare', 'requests/s', 'p99 in ms', 'allocated per request'],
      measured.map(({ name, perSecond, p99, kilobytes }) => [
        name,
        formatNumber(perSecond / rateOf('bare'), 2),
        formatNumber(perSecond, 0),
        formatNumber(p99, 1),
        `${formatNumber(kilobytes, 0)} kB`,
      ]),
    ),
    table(
      ['target', 'wanted', 'measured', ''],
      [
        targetRow('cached, of bare', { atLeast: 0.9 }, cached / rateOf('bare')),
        targetRow(
          'cached, times the common pattern',
          { atLeast: 8 },
          cached / rateOf('common pattern'),
        ),
        targetRow(
          'cached, times express-session',
          { atLeast: 3 },
          cached / rateOf('express-session'),
        ),
        targetRow('strict, of bare', { atLeast: 0.55 }, strict / rateOf('bare')),
      ],
    ),
  ].join('\n\n');
}

async function measureAll(names: string[]): Promise<Measured[]> {
  const measured = names.map((name) => ({ name, rounds: [] as Load[], kilobytes: [] as number[] }));
  // New processes in each generation, as two of the same program differ by a few percent.
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const subjects = [];
    for (const { name, rounds, kilobytes } of measured) {
      const server = await startVariant(name, await createDatabase());
      const cookieFile = await writeCookieFile(server.cookies);
      const send = () => load(server.url, cookieFile, ROUND);
      // Warms up compiled code, caches and connections.
      await send();
      kilobytes.push((await server.allocation(send)) / 1024);
      subjects.push({ server, send, rounds });
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { send, rounds } of subjects) rounds.push(await send());
    }
    await Promise.all(subjects.map(({ server }) => server.stop()));
  }
  return measured.map(({ name, rounds, kilobytes }) => ({
    name,
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    p99: median(rounds.map(({ p99 }) => p99)),
    kilobytes: median(kilobytes),
  }));
}
