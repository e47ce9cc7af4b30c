import { createServer } from 'node:http';
import express from 'express';
import { latchkey } from '../../src/index.ts';

// A host app in a process of its own, which must end by itself. Its argument is its settings as JSON.
const [settings = ''] = process.argv.slice(2);
const options = JSON.parse(settings);
const before = JSON.stringify([process.env, process.eventNames()]);

const squatter = createServer().listen(0, '127.0.0.1', async () => {
  const address = squatter.address();
  const port = typeof address === 'object' ? address?.port : 0;
  // Fails when the database is open and the jobs run.
  const failed = await latchkey({ ...options, metricsPort: port }).catch((error) => error.message);
  squatter.close();

  const auth = await latchkey(options);
  const app = express();
  app.get('/', (_request, response) => response.json({ ok: true }));
  const server = await auth.listen(app, 0);
  const place = server.address();
  const answer = await fetch(`http://127.0.0.1:${typeof place === 'object' && place?.port}/`);
  await Promise.all([auth.close(), auth.close()]);
  const isUntouched = JSON.stringify([process.env, process.eventNames()]) === before;
  process.stdout.write(JSON.stringify({ failed, status: answer.status, isUntouched }));
});
