import { mails } from '../../src/database/schema.ts';
import { startApp, type TestApp } from './app.ts';
import { startMailServer } from './smtp-server.ts';

export interface AppWithMail extends TestApp {
  mailServer: Awaited<ReturnType<typeof startMailServer>>;
  /** Drops what was sent and what still waits. */
  forgetMails(): Promise<void>;
}

/** The app, handing its mails to a real SMTP server of the test's own. */
export async function startAppWithMail(env: Record<string, string> = {}): Promise<AppWithMail> {
  const mailServer = await startMailServer();
  const from = 'Latchkey <latchkey@example.org>';
  const app = await startApp({ env: { SMTP_URL: mailServer.url, MAIL_FROM: from, ...env } });
  return {
    ...app,
    mailServer,
    forgetMails: async () => {
      await app.database.delete(mails);
      mailServer.received.length = 0;
      mailServer.accept();
    },
    close: async () => {
      await app.close();
      await mailServer.close();
    },
  };
}
