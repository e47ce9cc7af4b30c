/**
 * An error for a host app's code, which may log it or show it. Without the values of a failed query: they hold
 * hashes of passwords and sessions, and so do the driver's own properties, such as the row that did not fit.
 */
export function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error && 'query' in error && 'params' in error)) return error;
  const { cause } = error;
  const reason = cause instanceof Error ? copyOf(cause, cause.message) : undefined;
  return copyOf(error, `Failed query: ${error.query}`, reason && { cause: reason });
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
