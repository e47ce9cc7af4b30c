import { defineConfig } from 'vitest/config';

const postgresUrl = process.env.TEST_DATABASE_URL;

/** The same tests on each database: PGlite always, PostgreSQL where there is one to test on. */
function suite(name: 'pglite' | 'postgres') {
  return {
    test: {
      name,
      include: ['test/**/*.test.ts'],
      exclude: ['test/browser/**'],
      globalSetup: `test/support/prepare-${name}.ts`,
      pool: 'forks' as const,
      testTimeout: 30_000,
      hookTimeout: 60_000,
    },
  };
}

export default defineConfig({
  test: { projects: postgresUrl ? [suite('pglite'), suite('postgres')] : [suite('pglite')] },
});
