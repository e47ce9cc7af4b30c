import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The app in its own process, or a host app that says the same when it is ready, with only these variables. */
export function startProcess(env: Record<string, string>, main = 'src/main.ts') {
  // tsx as a loader, not as the parent process: signals must reach the app itself.
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    cwd: root,
    // The example imports the package by its name.
    env: { PATH: process.env.PATH, PORT: '0', TSX_TSCONFIG_PATH: 'examples/tsconfig.json', ...env },
  });
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output.text += chunk;
    });
  }
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  return {
    child,
    output,
    exit,
    /** Waits until it is ready, and returns its URL. */
    ready: () =>
      vi.waitFor(
        () => {
          const address = /ready at (http:\/\/\S+)\n/.exec(output.text)?.[1];
          if (!address) throw new Error(`It does not say that it is ready: ${output.text}`);
          return address;
        },
        { timeout: 60_000, interval: 50 },
      ),
    /** Kills it if it is still running. */
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await exit;
    },
  };
}
