import { createSql, type Server } from './connection.ts';

const CONNECT_TIMEOUT_S = 5;
/** postgres.js reconnects forever to a server that hangs up, such as one with another protocol. */
const ANSWER_TIMEOUT_MS = 8_000;

/** Checks that PostgreSQL answers, on its own connection. Throws within seconds if not. */
export async function probePostgres(server: Server): Promise<void> {
  const client = createSql(server, {
    ...{ max: 1, connect_timeout: CONNECT_TIMEOUT_S, prepare: false, fetch_types: false },
    onnotice: () => undefined,
  });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error('No answer in time.'), { code: 'CONNECT_TIMEOUT' });
    timer = setTimeout(() => reject(error), ANSWER_TIMEOUT_MS);
  });
  try {
    await Promise.race([client`select 1`, timeout]);
  } finally {
    clearTimeout(timer);
    await client.end({ timeout: 0 });
  }
}
