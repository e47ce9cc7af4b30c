import { emails } from '../../src/database/schema.ts';
import { startApp, type TestApp } from './app.ts';
import { startSmtpServer } from './smtp-server.ts';

export interface AppWithEmail extends TestApp {
  smtpServer: Awaited<ReturnType<typeof startSmtpServer>>;
  /** Drops all emails, received or queued. */
  forgetEmails(): Promise<void>;
}

/** The app, sending its emails to a real SMTP server that the test owns. */
export async function startAppWithEmail(env: Record<string, string> = {}): Promise<AppWithEmail> {
  const smtpServer = await startSmtpServer();
  const from = 'Latchkey <latchkey@example.org>';
  const app = await startApp({ env: { SMTP_URL: smtpServer.url, EMAIL_FROM: from, ...env } });
  return {
    ...app,
    smtpServer,
    forgetEmails: async () => {
      await app.database.delete(emails);
      smtpServer.received.length = 0;
      smtpServer.accept();
    },
    close: async () => {
      await app.close();
      await smtpServer.close();
    },
  };
}
