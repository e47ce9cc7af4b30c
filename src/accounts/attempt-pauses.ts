import { lte, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** So many attempts cost no pause: people mistype. */
export const FREE_ATTEMPTS = 5;
const FIRST_PAUSE_SECONDS = 60;
/** With it 100 attempts, the most that NIST SP 800-63B (section 3.2.2) allows in a row, take four days. */
const LONGEST_PAUSE_SECONDS = 3_600;

/** The condition that no pause is running. */
export const isNotPaused = (lockedUntil: PgColumn, now: Date): SQL =>
  sql`(${lockedUntil} is null or ${lte(lockedUntil, now)})`;

/** When the pause ends that follows so many attempts: null for the free ones, then one that doubles. */
export function pauseEnd(attempts: SQL, now: Date): SQL {
  const seconds = sql`least(${LONGEST_PAUSE_SECONDS}, ${FIRST_PAUSE_SECONDS} * power(2, least(${attempts}, 30) - ${FREE_ATTEMPTS}))`;
  return sql`case when ${attempts} >= ${FREE_ATTEMPTS} then ${now.toISOString()}::timestamptz + make_interval(secs => ${seconds}) end`;
}
