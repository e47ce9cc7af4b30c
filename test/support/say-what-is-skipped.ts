import { chromiumPath, nginxPath, pgbouncerPath } from './programs.ts';

/** Says before the tests what this machine cannot run, and what would change that. */
export default function sayWhatIsSkipped(): void {
  const skipped = [
    !process.env.TEST_DATABASE_URL &&
      'The PostgreSQL tests are skipped: TEST_DATABASE_URL names no server to make databases on.',
    !nginxPath && 'The tests of nginx are skipped: it is not installed.',
    !pgbouncerPath && 'The tests of PgBouncer are skipped: it is not installed.',
    !chromiumPath &&
      'The browser tests are skipped: there is no Chromium. Install it, or set CHROMIUM_PATH.',
  ];
  for (const line of skipped) if (line) process.stdout.write(`${line}\n`);
}
