import { fileURLToPath } from 'node:url';
import { type LatchkeyOptions, latchkey } from 'latchkey';

/** What this app stores with each account and each session. */
declare module 'latchkey' {
  interface Attributes {
    plan?: 'free' | 'plus';
  }
  interface SessionData {
    /** A note that was kept on this device for later. */
    draft?: { title: string; body: string };
  }
}

export type Role = 'user' | 'editor' | 'admin';

export function openAuth(options: LatchkeyOptions<Role> = {}) {
  return latchkey<Role>({
    roles: ['user', 'editor', 'admin'],
    siteName: 'Jotter',
    siteAccent: '#a03b1d',
    layout: fileURLToPath(new URL('views/layout.ejs', import.meta.url)),
    ...options,
  });
}

export type Auth = Awaited<ReturnType<typeof openAuth>>;
