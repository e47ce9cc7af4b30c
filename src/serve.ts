import cluster from 'node:cluster';
import type { Config } from './config/config.ts';
import { latchkey } from './latchkey.ts';
import { shareMetrics } from './metrics.ts';
import { createWaitingServer } from './server/http-server.ts';
import { addressOf, startListening } from './server/listening.ts';

export interface Serving {
  address: string;
  outboxUrl: string | null;
  /** Finishes requests in flight, then closes the database. Takes less than ten seconds. */
  stop(): Promise<void>;
}

/** Serves Latchkey alone until it is stopped. With `jobs`, this process purges and sends emails. */
export async function serve(config: Config, jobs: boolean): Promise<Serving> {
  const { server, startServing } = createWaitingServer();
  try {
    // The embedded database opens slowly, so report a port in use first. With PostgreSQL, the port opens last.
    if (config.databaseUrl === null) await startListening(server, config);
    const auth = await latchkey(
      { jobs },
      {
        server,
        onEmailFile: (file) => process.stdout.write(`Email written to ${file}\n`),
        ...(cluster.isWorker && { onMetrics: shareMetrics }),
      },
    );
    startServing(auth.app);
    if (!server.listening) {
      await startListening(server, config).catch(async (error) => {
        await auth.close();
        throw error;
      });
    }
    const address = addressOf(server, config.host);
    return { address, outboxUrl: auth.outboxUrl, stop: auth.close };
  } catch (error) {
    server.close();
    server.closeAllConnections();
    throw error;
  }
}
