import { z } from 'zod';
import { EMAIL_MAX_LENGTH } from '../auth/authenticate.ts';

export const emailShape = z
  .string()
  .trim()
  .max(EMAIL_MAX_LENGTH, `Use at most ${EMAIL_MAX_LENGTH} characters.`)
  .pipe(z.email('Enter an email address, such as ada@example.org.'));

/** A field of a form or query; empty when it is missing or repeated. */
export function textIn(fields: Record<string, unknown>, field: string): string {
  const value = fields[field];
  return typeof value === 'string' ? value : '';
}
