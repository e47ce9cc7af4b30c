import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { migratePostgres } from '../../src/database/migrate.ts';
import { urlOfDatabase } from './database.ts';
import './prepare-pglite.ts';

/** Creates a migrated database on the server of TEST_DATABASE_URL, as a template for the tests. */
export default async function preparePostgres(project: TestProject) {
  const server = process.env.TEST_DATABASE_URL ?? '';
  const name = `latchkey_template_${process.pid}`;
  const admin = postgres(server, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  const url = urlOfDatabase(server, name);
  await migratePostgres(url);
  project.provide('template', { kind: 'postgres', url });
  return async () => {
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  };
}
