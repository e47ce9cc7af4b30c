import { open, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { relative, resolve } from 'node:path';

/** The maximum socket path on macOS, without the final zero. Linux allows four bytes more. */
const MAX_PATH_BYTES = 103;

export class DirectoryInUseError extends Error {
  override name = 'DirectoryInUseError';
}

export class PathTooLongError extends Error {
  override name = 'PathTooLongError';
}

/** Held until released or the process ends, even by a crash. Throws `DirectoryInUseError` or `PathTooLongError`. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const { path, release } = await socketPathIn(directory);
  // A socket, as the kernel closes it: a pid file would survive a crash, and its pid could be reused.
  let server = await listen(path);
  if (!server && !(await answers(path))) {
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

/** Some releases of Node silently truncate a path that is too long: another file, which locks nothing. */
async function socketPathIn(directory: string): Promise<SocketPath> {
  const name = 'lock.sock';
  const absolute = resolve(directory, name);
  const short = [absolute, relative(process.cwd(), absolute)].find(fits);
  if (short !== undefined) return { path: short, release: async () => undefined };
  if (process.platform !== 'linux') {
    const bytes = Buffer.byteLength(absolute) - MAX_PATH_BYTES;
    throw new PathTooLongError(`The path of ${directory} is too long by ${bytes} bytes.`);
  }
  // A short name for the same directory, as long as the descriptor is open.
  const handle = await open(directory);
  return { path: `/proc/self/fd/${handle.fd}/${name}`, release: () => handle.close() };
}

const fits = (path: string) => Buffer.byteLength(path) <= MAX_PATH_BYTES;

interface SocketPath {
  path: string;
  /** Call this after closing the socket. */
  release(): Promise<void>;
}

/** Null: the path is taken. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
