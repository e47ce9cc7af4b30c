import { existsSync } from 'node:fs';

const firstOf = (paths: (string | undefined)[]) =>
  paths.find((path) => path !== undefined && existsSync(path)) ?? null;

/** The system's Chromium, as the tests download nothing. Null: not installed. */
export const chromiumPath = firstOf([
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
]);

/** Null: not installed. */
export const pgbouncerPath = firstOf([process.env.PGBOUNCER_PATH, '/usr/sbin/pgbouncer']);

/** Null: not installed. */
export const nginxPath = firstOf([process.env.NGINX_PATH, '/usr/sbin/nginx']);
