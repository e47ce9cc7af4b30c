import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * A JSON logger, by default to standard output. It removes the parameters of failed queries, which
 * Drizzle puts into its error messages: they include password hashes and hashed secrets.
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino({ level, serializers: { err: describeError } }, destination);
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const isQuery = 'query' in error && 'params' in error;
  const stack = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: isQuery ? `Failed query: ${error.query}` : error.message,
    ...('code' in error && { code: error.code }),
    stack: stack?.join('\n'),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}
