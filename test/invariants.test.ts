import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

async function filesIn(folder: string, ending: RegExp): Promise<[path: string, text: string][]> {
  const names = await readdir(join(root, folder), { recursive: true });
  const paths = names.filter((name) => ending.test(name)).map((name) => join(folder, name));
  expect(paths.length).toBeGreaterThan(0);
  return Promise.all(
    paths.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as [string, string]),
  );
}

const matching = (files: [string, string][], pattern: RegExp) =>
  files.filter(([, text]) => pattern.test(text)).map(([path]) => path);

it('has no script in any page or asset (invariant 10)', async () => {
  const files = [...(await filesIn('views', /\.ejs$/)), ...(await filesIn('public', /./))];
  expect(matching(files, /<script|javascript:|\son\w+=|\.js\b/i)).toEqual([]);
});

it('takes the time as an argument (invariant 12)', async () => {
  const folders = [
    'database',
    'email',
    'audit',
    'sessions',
    'accounts',
    'auth',
    'http',
    'handlers',
  ];
  const files = (
    await Promise.all(folders.map((folder) => filesIn(`src/${folder}`, /\.ts$/)))
  ).flat();
  expect(matching(files, /new Date\(\)|Date\.now\(/)).toEqual([]);
});

it('reads the environment only where it starts', async () => {
  const files = matching(await filesIn('src', /\.ts$/), /process\.env[^`]/);
  expect(files.sort()).toEqual(['src/latchkey.ts', 'src/main.ts']);
});
