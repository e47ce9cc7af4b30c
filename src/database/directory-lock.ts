import { open, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { relative, resolve } from 'node:path';

/** What macOS allows for the path of a socket, without the final zero; Linux allows four bytes more. */
const MOST_BYTES = 103;

/** Another running process has the directory. */
export class DirectoryInUseError extends Error {
  override name = 'DirectoryInUseError';
}

/** The path of the directory is too long for its lock. */
export class PathTooLongError extends Error {
  override name = 'PathTooLongError';
}

/**
 * Keeps a directory for this process until the returned function is called or the process ends,
 * however it ends: the lock is a listening socket, which the kernel closes. A process id in a file
 * would outlive a crash, and could belong to another process after a restart.
 * @throws {DirectoryInUseError} when another process holds it.
 * @throws {PathTooLongError} where the system has no way to a socket under such a path.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const { path, release } = await socketPathIn(directory);
  let server = await listen(path);
  if (!server && !(await isAnswered(path))) {
    await rm(path, { force: true });
    server = await listen(path);
  }
  if (!server) {
    await release();
    throw new DirectoryInUseError(`${directory} is in use by another process.`);
  }
  const held = server;
  held.unref();
  return async () => {
    await new Promise((resolve) => held.close(resolve));
    await release();
  };
}

/**
 * A path of the lock's socket that is short enough. A longer one is cut off without a word by some releases
 * of Node: then the socket is another file, and locks nothing.
 */
async function socketPathIn(directory: string): Promise<SocketPath> {
  const name = 'lock.sock';
  const absolute = resolve(directory, name);
  const short = [absolute, relative(process.cwd(), absolute)].find(fits);
  if (short !== undefined) return { path: short, release: async () => undefined };
  if (process.platform !== 'linux') {
    const bytes = Buffer.byteLength(absolute) - MOST_BYTES;
    throw new PathTooLongError(`The path of ${directory} is too long by ${bytes} bytes.`);
  }
  // The directory by its descriptor: the same file under a short name, while the descriptor is open.
  const handle = await open(directory);
  return { path: `/proc/self/fd/${handle.fd}/${name}`, release: () => handle.close() };
}

const fits = (path: string) => Buffer.byteLength(path) <= MOST_BYTES;

interface SocketPath {
  path: string;
  /** Call it when the socket is closed. */
  release(): Promise<void>;
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
