import postgres from 'postgres';

const CONNECT_TIMEOUT_S = 5;
/** postgres.js connects again for ever when a server hangs up, as one that speaks another protocol does. */
const ANSWER_WITHIN_MS = 8_000;

/** Asks PostgreSQL for nothing, on a connection of its own. Throws within seconds when it does not answer. */
export async function probePostgres(url: string): Promise<void> {
  const client = postgres(url, {
    ...{ max: 1, connect_timeout: CONNECT_TIMEOUT_S, prepare: false, fetch_types: false },
    onnotice: () => undefined,
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error('No answer in time.'), { code: 'CONNECT_TIMEOUT' });
    timer = setTimeout(() => reject(error), ANSWER_WITHIN_MS);
  });
  try {
    await Promise.race([client`select 1`, tooLate]);
  } finally {
    clearTimeout(timer);
    await client.end({ timeout: 0 });
  }
}
