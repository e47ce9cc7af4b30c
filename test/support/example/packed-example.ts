import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { installPackage } from './install-package.ts';

const example = fileURLToPath(new URL('../../../examples/notes', import.meta.url));

/** The notes app in a folder of its own, with the package as `npm pack` makes it. */
export async function installExample() {
  const manifest = JSON.parse(await readFile(join(example, 'package.json'), 'utf8'));
  const { dependencies, devDependencies, scripts } = manifest;
  const installed = await installPackage({
    dependencies: { ...dependencies, ...devDependencies },
    scripts,
  });
  await cp(example, installed.host, {
    recursive: true,
    filter: (path) => !/\/(node_modules|data|package\.json)$/.test(path),
  });
  return {
    compile: () => compile(installed.host),
    start: () => start(installed.host),
    remove: () => rm(installed.folder, { recursive: true, force: true }),
  };
}

/** Checks the types of the app and of the packages that it uses. Returns the errors. */
function compile(folder: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('npm', ['run', '--silent', 'types'], { cwd: folder }, (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}` : ''),
    );
  });
}

async function start(folder: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'main.ts'], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', TRUST_PROXY: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const origin = await vi.waitFor(
    () => {
      const [, address] = /ready at (http:\/\/\S+)\n/.exec(output) ?? [];
      if (!address) throw new Error(`It does not say that it is ready: ${output}`);
      return address;
    },
    { timeout: 120_000, interval: 50 },
  );
  return {
    origin,
    /** Returns its exit code. */
    stop: async (): Promise<number | null> => {
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}
