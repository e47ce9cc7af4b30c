import { createDatabase, fillSessions } from './databases.ts';
import { createContextOn, insertUsers, signInOnDevices } from './latchkey.ts';
import { load, writeCookieFile } from './load.ts';
import { startLatchkey, startVariant } from './processes.ts';
import { formatNumber, table, targetRow } from './report.ts';
import { median } from './statistics.ts';

const FEW = 10_000;
const MANY = 5_000_000;
const ROUNDS = 5;
const ROUND = { seconds: 3, connections: 16 };

/** Whether the check and the devices page stay fast as the database grows. */
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
    `The time of a request with ${formatNumber(MANY, 0)} session rows relative to ${formatNumber(FEW, 0)}, and the time of /account/sessions (25 devices per page) with 1,000 sessions relative to 10.`,
    table(
      ['target', 'wanted', 'measured', ''],
      [
        targetRow('the check, strict (one query each)', { atMost: 1.2 }, strict, ' times'),
        targetRow('the check, cached', { atMost: 1.2 }, cached, ' times'),
        targetRow('/account/sessions', { atMost: 3 }, page, ' times'),
      ],
    ),
  ].join('\n\n');
}

interface Subject {
  url: string;
  cookies: string[];
  stop?(): Promise<void>;
}

/** How many times as long a request to the second subject takes as one to the first. */
async function ratioOf(subjects: Subject[]): Promise<number> {
  const files = await Promise.all(subjects.map(({ cookies }) => writeCookieFile(cookies)));
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
  const [few, many] = await insertUsers(context, 2);
  if (!few || !many) throw new Error('No users were inserted.');
  const devices = [
    await signInOnDevices(context, few, 10),
    await signInOnDevices(context, many, 1_000),
  ];
  const latchkey = await startLatchkey(url);
  const page = `${latchkey.origin}/account/sessions`;
  const ratio = await ratioOf(
    devices.map((own) => ({ url: page, cookies: own.slice(0, 10).map(({ cookie }) => cookie) })),
  );
  await latchkey.stop();
  return ratio;
}
