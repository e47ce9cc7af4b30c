import type { Sql } from 'postgres';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { serverOf } from './database/connection.ts';
import { DirectoryInUseError, PathTooLongError } from './database/directory-lock.ts';
import {
  MissingPgliteError,
  type OpenDatabase,
  openEmbedded,
  openPostgres,
} from './database/open.ts';
import { probePostgres } from './database/probe.ts';
import { startProblem } from './database/start-problem.ts';

/**
 * The migrated database of the settings, or of the host app's client.
 * @throws {ConfigError} if the operator can fix it: it names the variable, and the database it leads to.
 */
export async function openDatabase(config: Config, client?: Sql): Promise<OpenDatabase> {
  const { databaseUrl, databaseListenUrl, databaseSchema, dataDir } = config;
  if (client) {
    const server = serverOf(client);
    const name = 'the option postgres';
    await explained(name, probePostgres(server));
    return explained(name, openPostgres(server, databaseListenUrl, databaseSchema));
  }
  if (databaseUrl === null) return inDataDir(openEmbedded(dataDir, databaseSchema));
  await explained('DATABASE_URL', probePostgres(databaseUrl));
  if (databaseListenUrl === null) {
    return explained('DATABASE_URL', openPostgres(databaseUrl, null, databaseSchema));
  }
  await explained('DATABASE_LISTEN_URL', probePostgres(databaseListenUrl));
  const opening = openPostgres(databaseUrl, databaseListenUrl, databaseSchema);
  return explained('DATABASE_LISTEN_URL', opening);
}

function explained<Result>(variable: string, opening: Promise<Result>): Promise<Result> {
  return opening.catch((cause) => {
    const sentence = startProblem(variable, cause);
    throw sentence === null ? cause : new ConfigError(sentence, { cause });
  });
}

/** Explains what can be wrong with DATA_DIR and the embedded database in it. */
export function inDataDir<Result>(opening: Promise<Result>): Promise<Result> {
  return opening.catch((cause) => {
    const sentence = directoryProblem(cause);
    throw sentence === null ? cause : new ConfigError(sentence, { cause });
  });
}

function directoryProblem(error: unknown): string | null {
  if (error instanceof DirectoryInUseError) {
    return `${error.message} Stop that one first, or set DATA_DIR to another directory.`;
  }
  if (error instanceof PathTooLongError) {
    return `${error.message} Set DATA_DIR to a directory with a shorter path.`;
  }
  if (error instanceof MissingPgliteError) {
    return `${error.message} Install it, or set DATABASE_URL to a PostgreSQL database.`;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!['EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].includes(code)) return null;
  return `DATA_DIR must be a directory that this process can write to (${code}).`;
}
