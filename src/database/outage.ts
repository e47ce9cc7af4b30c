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
