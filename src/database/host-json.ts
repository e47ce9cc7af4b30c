import { type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, customType } from 'drizzle-orm/pg-core';

/** Of the JSON, without spaces. A browser keeps no cookie above 4096 bytes, and the token carries them. */
export const ATTRIBUTES_MAX_BYTES = 1_024;
export const SESSION_DATA_MAX_BYTES = 4_096;

const NONE = Object.freeze({});

/** Values are frozen: the session cache shares them between requests. */
export const frozenJson = <Value extends object>(name: string) =>
  customType<{ data: Value; driverData: unknown }>({
    dataType: () => 'jsonb',
    toDriver: (value) => JSON.stringify(value),
    fromDriver: (value) => freezeJson(typeof value === 'string' ? JSON.parse(value) : value),
  })(name)
    .notNull()
    .default(sql`'{}'`);

/** Freezes JSON in depth. Empty objects become one and the same. */
export function freezeJson<Value extends object>(value: Value): Value {
  const inner = Object.values(value);
  if (inner.length === 0 && !Array.isArray(value)) return NONE as Value;
  for (const each of inner) if (typeof each === 'object' && each !== null) freezeJson(each);
  return Object.freeze(value);
}

/** PostgreSQL writes them with all their digits. */
const DIGITS = 'x'.repeat(330);
/** PostgreSQL stores neither. */
export const UNFIT = /\0|\p{Surrogate}/u;

/** The problem with a value for such a column, to complete "It must". Null: none. */
export function jsonProblem(value: unknown, maxBytes: number): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'be an object';
  try {
    const text = JSON.stringify(value, (key, each: unknown) => {
      if (UNFIT.test(`${key}${typeof each === 'string' ? each : ''}`)) throw new Error('unfit');
      return typeof each === 'number' && /e/.test(String(each)) ? DIGITS : each;
    });
    return Buffer.byteLength(text) > maxBytes ? `have at most ${maxBytes} bytes as JSON` : null;
  } catch {
    return 'be JSON, without U+0000 and lone surrogates';
  }
}

/** `jsonb` as text has a space after each comma and colon, which adds at most half. */
export const isObjectWithin = (maxBytes: number, column: AnyPgColumn): SQL =>
  sql`jsonb_typeof(${column}) = 'object' and octet_length(${column}::text) <= ${sql.raw(String(maxBytes * 1.5))}`;
