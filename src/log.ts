import { type DestinationStream, type Logger, pino } from 'pino';
import { framesOf } from './database/outage.ts';

const serializers = { err: describeError };

/** A JSON logger that logs no secrets. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino({ level, serializers }, destination);
}

/** A host's logger, which logs no secrets of ours either. */
export function protectLog(log: Logger): Logger {
  return log.child({}, { serializers });
}

/** Without the query parameters of Drizzle's errors: they include password and secret hashes. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const isQuery = 'query' in error && 'params' in error;
  return {
    type: error.name,
    message: isQuery ? `Failed query: ${error.query}` : error.message,
    ...('code' in error && { code: error.code }),
    stack: framesOf(error).join('\n'),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}
