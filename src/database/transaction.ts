import type postgres from 'postgres';
import type { MakeClient } from './client.ts';
import type { Connection } from './connection.ts';

interface Bounds {
  commit: string;
  rollback: string;
}

/**
 * Does `work` in a transaction that has begun on `connection`. A part of it is done between savepoints.
 * @throws what failed in it, even when `work` caught it: PostgreSQL undoes such a transaction.
 */
export async function runTransaction<Result>(
  makeClient: MakeClient,
  connection: Connection,
  work: (client: postgres.Sql) => Promise<Result>,
  { commit, rollback }: Bounds = { commit: 'commit', rollback: 'rollback' },
): Promise<Result> {
  const failures: unknown[] = [];
  let savepoints = 0;
  let isOver = false;
  const client = makeClient({
    run: async (statement) => {
      // The connection may serve others by now.
      if (isOver) throw new Error('The transaction has ended.');
      return connection.ask(statement).catch((error) => {
        failures.push(error);
        throw error;
      });
    },
    begin: async (part) => {
      savepoints += 1;
      const name = `part_${savepoints}`;
      await connection.ask((sql) => sql.unsafe(`savepoint ${name}`));
      const bounds = { commit: `release ${name}`, rollback: `rollback to ${name}` };
      return runTransaction(makeClient, connection, part, bounds);
    },
  });
  try {
    const result = await work(client).finally(() => {
      isOver = true;
    });
    if (failures.length > 0) throw failures[0];
    await connection.ask((sql) => sql.unsafe(commit));
    return result;
  } catch (error) {
    // One that cannot be undone here is undone with its connection.
    await connection.ask((sql) => sql.unsafe(rollback)).catch(() => connection.close());
    throw error;
  }
}
