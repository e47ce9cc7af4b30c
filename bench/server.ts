/** One measured app in its own process: `server.ts VARIANT`, controlled over IPC. */
import type { HeapProfiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import { createHttpServer } from '../src/server/http-server.ts';
import { variants } from './variants.ts';

export interface Ready {
  /** What to request. */
  url: string;
  /** The cookies of its signed-in users. */
  cookies: string[];
}

const [name = ''] = process.argv.slice(2);
const create = variants[name];
if (!create || !process.env.DATABASE_URL)
  throw new Error(`There is no variant "${name}", or DATABASE_URL is not set.`);
const { app, cookies } = await create(process.env.DATABASE_URL);
const server = createHttpServer(app);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}/api/me`, cookies } satisfies Ready);
});

/** Counts all allocations, including those that are collected meanwhile. */
const inspector = new Session();
inspector.connect();
process.on('message', async (message) => {
  if (message === 'sample') {
    await inspector.post('HeapProfiler.startSampling', {
      samplingInterval: 16_384,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    process.send?.('sampling');
  }
  if (message === 'report') {
    const { profile } = await inspector.post('HeapProfiler.stopSampling');
    process.send?.(sumOf(profile.head));
  }
});
process.on('SIGTERM', () => process.exit(0));

function sumOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + sumOf(child), selfSize);
}
