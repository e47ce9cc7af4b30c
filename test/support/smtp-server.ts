import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** A real SMTP server that keeps the emails it receives, and can refuse or delay them. */
export async function startSmtpServer() {
  const received: ParsedMail[] = [];
  let refusal: { code: number; text: string } | null = null;
  let heldSubject: string | null = null;
  const held: (() => void)[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) => {
      if (!refusal) return done();
      done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
    },
    onData: (stream, _session, done) => {
      simpleParser(stream).then((email) => {
        const receive = () => {
          received.push(email);
          done();
        };
        if (heldSubject !== null && email.subject?.startsWith(heldSubject)) held.push(receive);
        else receive();
      }, done);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  const port = typeof address === 'object' ? address?.port : address;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    refuse: (code: number, text: string) => {
      refusal = { code, text };
    },
    accept: () => {
      refusal = null;
    },
    /** Delays its answer to emails whose subject starts with `subject`, until `release`. */
    hold: (subject: string) => {
      heldSubject = subject;
    },
    /** How many emails wait for an answer. */
    held: () => held.length,
    release: () => {
      heldSubject = null;
      for (const receive of held.splice(0)) receive();
    },
    /** Removes and returns the first email whose subject starts with `subject`. Throws if there is none. */
    take: (subject: string): ParsedMail => {
      const index = received.findIndex((email) => email.subject?.startsWith(subject));
      const [email] = index < 0 ? [] : received.splice(index, 1);
      if (!email) throw new Error(`No email with the subject "${subject}".`);
      return email;
    },
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

/** The link in the text of an email, as a path of the app. */
export function linkIn(email: ParsedMail): string {
  const url = new URL(/https?:\/\/\S+/.exec(email.text ?? '')?.[0] ?? '');
  return url.pathname + url.search;
}

/** The links in the HTML of an email, as paths of the app. */
export function linksInHtml(email: ParsedMail): string[] {
  const html = email.html || '';
  return [...html.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => {
    const url = new URL(href.replaceAll('&amp;', '&'));
    return url.pathname + url.search;
  });
}
