/** One page in its own process: `page-server.ts NAME`, controlled over IPC. */
import type { AddressInfo } from 'node:net';
import { pages } from './pages.ts';
import type { Ready } from './server.ts';

const [name = ''] = process.argv.slice(2);
const create = pages[name];
if (!create || !process.env.DATABASE_URL)
  throw new Error(`There is no page "${name}", or DATABASE_URL is not set.`);
const { server, cookies } = await create(process.env.DATABASE_URL);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}/notes`, cookies } satisfies Ready);
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('SIGTERM', () => process.exit(0));
