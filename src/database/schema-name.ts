import { type SQL, sql } from 'drizzle-orm';

/** The PostgreSQL schema that `schema.ts` and `drizzle/` name. */
export const SCHEMA = 'latchkey';

/** Returns a query as it must be for another schema. Values are parameters, so only identifiers are in it. */
export type Rewrite = (query: string) => string;

export function rewriteFor(schema: string): Rewrite {
  if (schema === SCHEMA) return (query) => query;
  return (query) => query.replaceAll(`"${SCHEMA}"`, `"${schema}"`);
}

/** The arguments of an advisory lock. Locks belong to the whole database, so the second names the schema. */
export const lockKeys = (lock: number): SQL => sql.raw(`${lock}, hashtext('"${SCHEMA}"')`);
