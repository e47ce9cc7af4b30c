import type { Connection } from './connection.ts';
import { DatabaseUnavailable } from './outage.ts';

interface Turn {
  take(connection: Connection | Promise<Connection>): void;
  fail(error: unknown): void;
}

/** The queue for a free connection. */
export interface Turns {
  wait(): Promise<Connection>;
  /** Removes the first in the queue. Undefined: it is empty. */
  next(): Turn['take'] | undefined;
  failAll(error: unknown): void;
}

/**
 * @param timeoutMs the longest wait for a connection.
 * @param onLate called when a wait ends without a connection.
 */
export function createTurns(timeoutMs: number, onLate: () => void): Turns {
  const waiting = new Set<Turn>();

  function next(): Turn | undefined {
    const [turn] = waiting;
    if (turn) waiting.delete(turn);
    return turn;
  }

  return {
    wait: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(turn);
          reject(new DatabaseUnavailable('No connection to the database was free in time.'));
          onLate();
        }, timeoutMs);
        const turn: Turn = {
          take: (connection) => {
            clearTimeout(timer);
            resolve(connection);
          },
          fail: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        };
        waiting.add(turn);
      }),
    next: () => next()?.take,
    failAll: (error) => {
      for (let turn = next(); turn; turn = next()) turn.fail(error);
    },
  };
}
