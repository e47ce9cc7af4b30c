/** Fills the caches with real records and sends the bytes per entry. Needs `node --expose-gc`. */
import { claimsOf } from '../src/auth/claims.ts';
import { jwtTokens } from '../src/auth/token.ts';
import { cacheTokens } from '../src/auth/token-cache.ts';
import { hashSecret, newSecret } from '../src/crypto/secret.ts';
import { sessions } from '../src/database/schema.ts';
import { SessionCache } from '../src/sessions/cache.ts';
import { prepareFindSession } from '../src/sessions/lookup.ts';
import { createContextOn, device, insertUsers, SECRET } from './latchkey.ts';

export interface CacheBytes {
  session: number;
  token: number;
}

const SESSIONS = 100_000;
/** Fewer, as each is encrypted and decrypted. */
const TOKENS = 20_000;
const BATCH = 5_000;

const { database } = await createContextOn(process.env.DATABASE_URL ?? '');
const now = new Date();
const sids = Array.from({ length: SESSIONS }, newSecret);
for (let start = 0; start < SESSIONS; start += BATCH) {
  const created = await insertUsers({ database }, BATCH);
  const rows = created.map(({ id }, index) => ({
    sessionToken: hashSecret(sids[start + index] ?? ''),
    ...{ userId: id, authenticatedAt: now, lastActive: now, provider: 'credentials', ...device },
    expires: new Date(now.getTime() + 7 * 86_400_000),
  }));
  await database.insert(sessions).values(rows);
}

const find = prepareFindSession(database);
const cache = new SessionCache(find, () => true, SESSIONS);
const beforeSessions = heapUsed();
for (let start = 0; start < SESSIONS; start += 100) {
  await Promise.all(sids.slice(start, start + 100).map((sid) => cache.load(sid, now)));
}
const session = (heapUsed() - beforeSessions) / cache.size;

const tokens = cacheTokens(await jwtTokens([SECRET], 'a-cookie'));
const beforeTokens = heapUsed();
for (const sid of sids.slice(0, TOKENS)) {
  const record = cache.peek(sid, now);
  if (!record) throw new Error('A loaded session is not in the cache.');
  await tokens.read(await tokens.write(claimsOf(sid, record)));
}
const token = (heapUsed() - beforeTokens) / TOKENS;
if (await tokens.read('keeps the cache alive until here')) throw new Error('This is not a token.');
process.send?.({ session, token } satisfies CacheBytes, () => process.exit());

function heapUsed(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
