import type { Latchkey, LatchkeyOptions } from './embedding.ts';
import { latchkey as start } from './latchkey.ts';

export { InvalidValue } from './accounts/invalid-value.ts';
export type { FramedPage, Layout } from './auth/layout.ts';
export { ConfigError } from './config/config-error.ts';
export type { Duration } from './config/options.ts';
// All of it, so that a host app can add to the interfaces with `declare module 'latchkey'`.
export type * from './database/host-data.ts';
export type { AuthProvider, Latchkey, LatchkeyOptions } from './embedding.ts';
export type * from './http/api/code-api.ts';
export type { Guards, SignedInHandler, SignInGuard } from './http/embedding/guard-types.ts';
export { viewerOf } from './http/viewer.ts';
export type { Session, SessionUser, Viewer } from './sessions/viewer.ts';
export { SessionEnded } from './sessions/viewer.ts';

/**
 * Adds Latchkey to an Express app. Opens and migrates the database, starts the jobs, and resolves when all of
 * it is ready. Settings come from `process.env`; options override them.
 * @throws {ConfigError} in plain sentences if a setting is wrong. Nothing stays open then.
 */
export const latchkey: <const Role extends string = string>(
  options?: LatchkeyOptions<Role>,
) => Promise<Latchkey<Role | 'admin'>> = start;
