import { createDatabase } from './databases.ts';
import { createContextOn, insertUsers, signInOnDevices } from './latchkey.ts';
import { startLatchkey } from './processes.ts';
import { formatNumber, table, targetRow } from './report.ts';
import { percentile } from './statistics.ts';

const REVOCATIONS = 1_000;

/** How soon a session revoked in one process is refused in it and in another. */
export async function measurePropagation(): Promise<string> {
  const url = await createDatabase();
  const context = await createContextOn(url);
  const [person] = await insertUsers(context, 1);
  if (!person) throw new Error('No users were inserted.');
  const [own, ...others] = await signInOnDevices(context, person, REVOCATIONS + 1);
  const [here, there] = await Promise.all([startLatchkey(url), startLatchkey(url)]);

  const delaysMs: number[] = [];
  let acceptedHere = 0;
  for (const { id, cookie } of others) {
    // Puts the session into both caches.
    await Promise.all([here, there].map(({ origin }) => isAccepted(origin, cookie)));
    const refused = refusedAt(there.origin, cookie);
    const answer = await fetch(`${here.origin}/api/sessions/${id}`, {
      method: 'DELETE',
      headers: { cookie: own?.cookie ?? '' },
    });
    const answeredAt = performance.now();
    if (!answer.ok) throw new Error(`Revoking answered ${answer.status}.`);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (await isAccepted(here.origin, cookie)) acceptedHere += 1;
    }
    // A refusal there before the response here counts as no delay.
    delaysMs.push(Math.max(0, (await refused) - answeredAt));
  }
  await Promise.all([here.stop(), there.stop()]);
  return [
    '## Propagation',
    `${formatNumber(REVOCATIONS, 0)} revocations in one process, one after another, while another process gets requests with the same cookie without a pause. Measured from the response in the first to the first refusal in the second: p50 ${formatNumber(percentile(delaysMs, 0.5), 1)} ms, p99 ${formatNumber(percentile(delaysMs, 0.99), 1)} ms, longest ${formatNumber(Math.max(...delaysMs), 1)} ms.`,
    table(
      ['target', 'wanted', 'measured', ''],
      [
        targetRow('p99 in the other process', { atMost: 25 }, percentile(delaysMs, 0.99), ' ms'),
        targetRow('accepted in the same process', { atMost: 0 }, acceptedHere, ' requests'),
      ],
    ),
  ].join('\n\n');
}

/** Sends requests until one is refused, and returns when. Gives up after ten seconds. */
async function refusedAt(origin: string, cookie: string): Promise<number> {
  const deadline = performance.now() + 10_000;
  while (await isAccepted(origin, cookie)) {
    if (performance.now() > deadline) throw new Error('A revoked session was never refused.');
  }
  return performance.now();
}

/** The front page redirects signed-in users to their account, and others to sign-in. */
async function isAccepted(origin: string, cookie: string): Promise<boolean> {
  const { status, headers } = await fetch(origin, { headers: { cookie }, redirect: 'manual' });
  if (status !== 303) throw new Error(`The front page answered ${status}.`);
  return headers.get('location') === '/account';
}
