import { existsSync } from 'node:fs';

/** The system's Chromium: nothing is downloaded for the tests. Null: there is none. */
export const chromiumPath =
  [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
    (path) => path !== undefined && existsSync(path),
  ) ?? null;
