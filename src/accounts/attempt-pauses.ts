import { lte, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Attempts without a pause: people mistype. */
export const FREE_ATTEMPTS = 5;
const FIRST_PAUSE_SECONDS = 60;
/** With it, the 100 attempts in a row that NIST SP 800-63B (section 3.2.2) allows take four days. */
const LONGEST_PAUSE_SECONDS = 3_600;

export const isNotPaused = (lockedUntil: PgColumn, now: Date): SQL =>
  sql`(${lockedUntil} is null or ${lte(lockedUntil, now)})`;

/** Null for the free attempts; then the pause doubles. */
export function pauseEnd(attempts: SQL, now: Date): SQL {
  const seconds = sql`least(${LONGEST_PAUSE_SECONDS}, ${FIRST_PAUSE_SECONDS} * power(2, least(${attempts}, 30) - ${FREE_ATTEMPTS}))`;
  return sql`case when ${attempts} >= ${FREE_ATTEMPTS} then ${now.toISOString()}::timestamptz + make_interval(secs => ${seconds}) end`;
}
