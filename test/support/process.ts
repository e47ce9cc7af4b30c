import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The app as a process of its own, with these variables and no others. */
export function startProcess(env: Record<string, string>) {
  // tsx as a loader, and not as a parent: signals must reach the process itself.
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
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
    /** Waits until it serves, and returns its address. */
    ready: () =>
      vi.waitFor(
        () => {
          const address = /ready at (http:\/\/\S+)\n/.exec(output.text)?.[1];
          if (!address) throw new Error(`It does not say that it is ready: ${output.text}`);
          return address;
        },
        { timeout: 60_000, interval: 50 },
      ),
    /** Ends it at once if it still runs. */
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await exit;
    },
  };
}
