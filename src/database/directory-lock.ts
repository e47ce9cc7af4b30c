import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';

/** Another running process has the directory. */
export class DirectoryInUseError extends Error {
  override name = 'DirectoryInUseError';
}

/**
 * Keeps a directory for this process until the returned function is called or the process ends,
 * however it ends: the lock is a listening socket, which the kernel closes. A process id in a file
 * would outlive a crash, and could belong to another process after a restart.
 * @throws {DirectoryInUseError} when another process holds it.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  // Socket paths are limited to about 100 bytes, so the shorter spelling is worth having.
  const absolute = join(directory, 'lock.sock');
  const short = relative(process.cwd(), absolute);
  const path = short.length < absolute.length ? short : absolute;
  let server = await listen(path);
  if (!server && !(await isAnswered(path))) {
    await rm(path, { force: true });
    server = await listen(path);
  }
  if (!server) throw new DirectoryInUseError(`${directory} is in use by another process.`);
  const held = server;
  held.unref();
  return () => new Promise((resolve) => held.close(() => resolve()));
}

/** The listening server, or null when the path is taken. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
