import postgres from 'postgres';
import { isDatabaseOutage } from './outage.ts';

/** By SQLSTATE. */
const HINTS: Record<string, string> = {
  '28000': 'Check the user in it, and pg_hba.conf.',
  '28P01': 'Check the user and the password in it.',
  '3D000': 'Create that database, or correct the name.',
  '42501': 'Grant it CREATE on the database.',
  '42704': 'Correct or remove that parameter.',
  '22023': 'Correct or remove that parameter.',
};

/** A sentence for the operator, who set the URL in `variable`. Null: they cannot fix it. */
export function startProblem(variable: string, error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    if (code && isDatabaseOutage(new Error('', { cause }))) {
      return `The database of ${variable} does not answer (${code}). Is it running, and is this its port?`;
    }
    if (cause instanceof postgres.PostgresError) {
      const hint = HINTS[code] ?? 'Is it the database that Latchkey should use?';
      return `PostgreSQL refused ${variable}: ${cause.message} (${code}). ${hint}`;
    }
  }
  return null;
}
