import { hashPassword } from '../src/accounts/password/password.ts';
import { users } from '../src/database/schema.ts';
import { createDatabase } from './databases.ts';
import { createContextOn, signIn } from './latchkey.ts';
import { type Load, load, writeCookieFile } from './load.ts';
import { startLatchkey } from './processes.ts';
import { formatNumber } from './report.ts';
import { median } from './statistics.ts';

const AT_ONCE = 50;
const ROUNDS = 5;
const WINDOW = { seconds: 2, connections: 8 };
const password = 'a password for the storm';
// One account each, as this many attempts would lock one.
const emails = Array.from({ length: AT_ONCE }, (_, index) => `storm-${index}@example.org`);

/** How many sign-ins at once slow other requests. */
export async function measureStorm(): Promise<string> {
  const url = await createDatabase();
  const context = await createContextOn(url);
  const passwordHash = await hashPassword(password);
  const people = emails.map((email) => ({ name: 'Ada', email, passwordHash }));
  await context.database.insert(users).values(people);
  const cookieFile = await writeCookieFile(await signIn(context, 1_000));
  const { origin, stop } = await startLatchkey(url);

  await load(`${origin}/`, cookieFile, WINDOW);
  const before: Load[] = [];
  const during: Load[] = [];
  const stormsMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    before.push(await load(`${origin}/`, cookieFile, WINDOW));
    const forms = await Promise.all(emails.map((email) => openForm(origin, email)));
    const window = load(`${origin}/`, cookieFile, WINDOW);
    const startedAt = performance.now();
    await Promise.all(forms.map((form) => submit(origin, form)));
    stormsMs.push(performance.now() - startedAt);
    during.push(await window);
  }
  await stop();
  const p99 = (windows: Load[]) => formatNumber(median(windows.map((each) => each.p99)), 1);
  const rate = (windows: Load[]) => formatNumber(median(windows.map((each) => each.perSecond)), 0);
  return [
    '## Sign-in storm',
    `${AT_ONCE} sign-ins at once (argon2id) took ${formatNumber(median(stormsMs), 0)} ms in total on the server’s single core. Authenticated requests on ${WINDOW.connections} connections in the first ${WINDOW.seconds} s: p99 ${p99(during)} ms (${rate(during)} per second), and before ${p99(before)} ms (${rate(before)} per second).`,
  ].join('\n\n');
}

interface Form {
  email: string;
  cookie: string;
  csrfToken: string;
}

async function openForm(origin: string, email: string): Promise<Form> {
  const answer = await fetch(`${origin}/auth/csrf`);
  const { csrfToken } = await answer.json();
  const cookie = answer.headers.getSetCookie().map((each) => each.split(';', 1)[0]);
  return { email, cookie: cookie.join('; '), csrfToken };
}

async function submit(origin: string, { email, cookie, csrfToken }: Form): Promise<void> {
  const answer = await fetch(`${origin}/auth/callback/credentials`, {
    method: 'POST',
    headers: { cookie, origin },
    body: new URLSearchParams({ csrfToken, email, password }),
    redirect: 'manual',
  });
  const isSignedIn = answer.headers.getSetCookie().some((each) => /session-token=\w/.test(each));
  if (!isSignedIn) throw new Error(`A sign-in answered ${answer.status} without a session.`);
}
