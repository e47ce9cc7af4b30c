import { chromiumPath, nginxPath, pgbouncerPath } from './programs.ts';

/** Prints which tests this machine cannot run, and what they need. */
export default function sayWhatIsSkipped(): void {
  const skipped = [
    !process.env.TEST_DATABASE_URL &&
      'The PostgreSQL tests are skipped: set TEST_DATABASE_URL to a server where they can create databases.',
    !nginxPath && 'The nginx tests are skipped: it is not installed.',
    !pgbouncerPath && 'The PgBouncer tests are skipped: it is not installed.',
    !chromiumPath && 'The browser tests are skipped: install Chromium or set CHROMIUM_PATH.',
  ];
  for (const line of skipped) if (line) process.stdout.write(`${line}\n`);
}
