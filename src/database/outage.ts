/** SQLSTATE classes and codes that say "not now": connection lost, no room, shutting down. */
const TEMPORARY_SQLSTATE = /^(08...|53...|57P0[1-5])$/;
/** postgres.js's own codes, then the operating system's for a server that does not answer. */
const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** An outage that this process found itself. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
  readonly code = 'CONNECTION_CLOSED';
}

/** Whether an error, or a cause beneath it, means that the database cannot be reached right now. */
export function isDatabaseOutage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    if (CONNECTION_CODES.has(code) || TEMPORARY_SQLSTATE.test(code)) return true;
  }
  return false;
}

/**
 * An error for a host app's code, which may log it or show it. Without the values of a failed query: they hold
 * hashes of passwords and sessions, and so do the driver's own properties, such as the row that did not fit.
 */
export function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error && 'query' in error && 'params' in error)) return error;
  // Drizzle wraps the database's error. PGlite adds the query to the error itself.
  const reason = error.cause instanceof Error ? error.cause : error;
  const cause = copyOf(reason, reason.message);
  return copyOf(error, `Failed query: ${error.query}`, { cause });
}

function copyOf(error: Error, message: string, options?: ErrorOptions): Error {
  const copy = new Error(message, options);
  const frames = framesOf(error).join('\n');
  Object.defineProperty(copy, 'stack', { value: `Error: ${message}\n${frames}` });
  return 'code' in error ? Object.assign(copy, { code: error.code }) : copy;
}

/** Where an error was thrown, without its message. */
export const framesOf = (error: Error): string[] =>
  error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
