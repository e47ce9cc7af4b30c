import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { chromiumPath, nginxPath, pgbouncerPath } from './test/support/programs.ts';

const hasPostgres = Boolean(process.env.TEST_DATABASE_URL);

// CI sets this, so that a machine on which something is missing fails instead of skipping it.
const hasPrograms = Boolean(chromiumPath && nginxPath && pgbouncerPath);
if (process.env.TEST_EVERYTHING && !(hasPostgres && hasPrograms)) {
  throw new Error('TEST_EVERYTHING needs TEST_DATABASE_URL, PgBouncer, nginx and Chromium.');
}

/** The tests of the app over HTTP, on a database of one kind. */
function suite(name: 'pglite' | 'postgres', exclude: string[]) {
  return {
    // The example imports the package by its name.
    resolve: { alias: { latchkey: fileURLToPath(new URL('src/index.ts', import.meta.url)) } },
    test: {
      name,
      include: ['test/**/*.test.ts'],
      exclude: ['test/browser/**', 'test/package/**', ...exclude],
      globalSetup: `test/support/prepare-${name}.ts`,
      pool: 'forks' as const,
      // Modules are loaded once per worker, and databases are lent from file to file.
      isolate: false,
      testTimeout: 180_000,
      expect: { poll: { timeout: 20_000 } },
      hookTimeout: 180_000,
    },
  };
}

function slowSuite(name: 'browser' | 'package') {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: ['test/support/prepare-pglite.ts'],
      pool: 'forks' as const,
      isolate: false,
      testTimeout: 360_000,
      hookTimeout: 180_000,
    },
  };
}

/** With which the database has nothing to do. */
const SAME_WITH_BOTH = ['test/embedding/companions.test.ts'];

export default defineConfig({
  test: {
    globalSetup: 'test/support/say-what-is-skipped.ts',
    maxWorkers: 3,
    projects: [
      suite('pglite', ['test/postgres/**']),
      ...(hasPostgres ? [suite('postgres', SAME_WITH_BOTH)] : []),
      slowSuite('browser'),
      slowSuite('package'),
    ],
  },
});
