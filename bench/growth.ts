import { createDatabase, fillSessions } from './databases.ts';
import { createContextOn, insertPeople, signInOften } from './latchkey.ts';
import { keepCookies, load } from './load.ts';
import { startLatchkey, startVariant } from './processes.ts';
import { fixed, table, verdictOn } from './report.ts';
import { median } from './statistics.ts';

const FEW = 10_000;
const MANY = 5_000_000;
const ROUNDS = 5;
const ROUND = { seconds: 3, connections: 16 };

/** Whether the check and the page of devices stay as quick when there is more in the database. */
export async function measureGrowth(): Promise<string> {
  const small = await createDatabase();
  const large = await createDatabase();
  await fillSessions(small, { live: FEW, dead: 0 });
  await fillSessions(large, { live: MANY, dead: 0 });
  const strict = await ratioOf(
    await Promise.all([small, large].map((url) => startVariant('latchkey jwt strict', url))),
  );
  const cached = await ratioOf(
    await Promise.all([small, large].map((url) => startVariant('latchkey jwt cached', url))),
  );
  const page = await measurePage(large);
  return [
    '## Growth',
    `How many times as long a request takes with ${fixed(MANY, 0)} session rows as with ${fixed(FEW, 0)}, and /account/sessions (one page of 25) of somebody with 1,000 sessions as of somebody with 10.`,
    table(
      ['target', 'wanted', 'measured', ''],
      [
        verdictOn('the check, strict (a query each)', { atMost: 1.2 }, strict, ' times'),
        verdictOn('the check, cached', { atMost: 1.2 }, cached, ' times'),
        verdictOn('/account/sessions', { atMost: 3 }, page, ' times'),
      ],
    ),
  ].join('\n\n');
}

interface Subject {
  url: string;
  cookies: string[];
  stop?(): Promise<void>;
}

/** How many times as long the second takes as the first. */
async function ratioOf(subjects: Subject[]): Promise<number> {
  const files = await Promise.all(subjects.map(({ cookies }) => keepCookies(cookies)));
  const rates: number[][] = subjects.map(() => []);
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, { url }] of subjects.entries()) {
      const { perSecond } = await load(url, files[index] ?? '', ROUND);
      if (round > 0) rates[index]?.push(perSecond);
    }
  }
  for (const { stop } of subjects) await stop?.();
  const [first = [], second = []] = rates;
  return median(first) / median(second);
}

async function measurePage(url: string): Promise<number> {
  const context = await createContextOn(url);
  const [few, many] = await insertPeople(context, 2);
  if (!few || !many) throw new Error('Nobody was inserted.');
  const devices = [await signInOften(context, few, 10), await signInOften(context, many, 1_000)];
  const latchkey = await startLatchkey(url);
  const page = `${latchkey.origin}/account/sessions`;
  const ratio = await ratioOf(
    devices.map((own) => ({ url: page, cookies: own.slice(0, 10).map(({ cookie }) => cookie) })),
  );
  await latchkey.stop();
  return ratio;
}
