import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DirectoryInUseError, lockDirectory } from '../../src/database/directory-lock.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ['a short path', 'data'],
  ['a path of many characters', join('a-long-name'.repeat(8), 'another-name'.repeat(8))],
  // 60 characters, and 120 bytes.
  ['a path of many bytes', 'ü'.repeat(60)],
])('the lock of a directory with %s', (_, name) => {
  let directory: string;
  beforeAll(async () => {
    directory = join(folder, name);
    await mkdir(directory, { recursive: true });
  });

  it('is held once, in that directory, until released', async () => {
    const unlock = await lockDirectory(directory);
    expect(await readdir(directory)).toEqual(['lock.sock']);
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUseError);
    await unlock();
    expect(await readdir(directory)).toEqual([]);
    await (await lockDirectory(directory))();
  });

  it('is taken over from a killed process', async () => {
    const script = `require('net').createServer().listen('lock.sock', () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script], { cwd: directory });
    expect(await readdir(directory)).toEqual(['lock.sock']);
    const unlock = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUseError);
    await unlock();
  });

  it('does not lock another directory with the same prefix', async () => {
    const other = `${directory}-other`;
    await mkdir(other);
    const unlock = await lockDirectory(directory);
    const unlockOther = await lockDirectory(other);
    await unlock();
    await unlockOther();
  });
});
