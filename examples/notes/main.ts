import { createApp } from './app.ts';
import { openAuth } from './auth.ts';
import { migrate } from './notes.ts';

const auth = await openAuth();
await migrate(auth);
const server = await auth.listen(createApp(auth));

const address = server.address();
const port = typeof address === 'object' ? address?.port : address;
process.stdout.write(`Jotter is ready at http://localhost:${port}\n`);
if (auth.outboxUrl) process.stdout.write(`Emails are in the outbox: ${auth.outboxUrl}\n`);

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => auth.close());
