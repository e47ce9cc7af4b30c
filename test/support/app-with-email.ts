import { emails } from '../../src/database/schema.ts';
import { startApp, type TestApp } from './app.ts';
import { startSmtpServer } from './smtp-server.ts';

export interface AppWithEmail extends TestApp {
  smtpServer: Awaited<ReturnType<typeof startSmtpServer>>;
  /** Drops what was sent and what still waits. */
  forgetEmails(): Promise<void>;
}

/** The app, handing its mails to a real SMTP server of the test's own. */
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
