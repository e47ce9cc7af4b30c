import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request, Response } from 'express';
import { OUTBOX_PATH } from '../config/config.ts';
import { isSame } from '../crypto/constant-time.ts';
import { contextOf } from '../http/context.ts';
import { cookiesOf } from '../http/cookies/cookies.ts';
import { HttpError, notFound } from '../http/error.ts';
import { redirectTo } from '../http/paths.ts';
import { renderPage } from '../http/render.ts';

const NEWEST = 20;

/** Needs a token: its links open accounts, and no header proves a request local (nginx sets `Host` to 127.0.0.1). */
export async function showOutbox(request: Request, response: Response): Promise<void> {
  const { cookies, config } = contextOf(request);
  const { email, outboxToken } = config;
  if (email.to !== 'outbox' || outboxToken === null) throw notFound();
  const isToken = (given: unknown) => typeof given === 'string' && isSame(given, outboxToken);
  const { name, options } = cookies.outbox;
  if (isToken(request.query.token)) {
    response.cookie(name, outboxToken, options);
    // Removes the token from the address bar and the browser's history.
    return redirectTo(response, OUTBOX_PATH);
  }
  if (!isToken(cookiesOf(request)[name])) throw lockedOutbox();
  const files = await readdir(email.directory).catch(() => []);
  const names = files
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .reverse();
  const messages = await Promise.all(
    names.slice(0, NEWEST).map(async (name) => {
      const text = await readFile(join(email.directory, name), 'utf8');
      // Every other part is a URL, shown as a link.
      return text.split(/(https?:\/\/\S+)/);
    }),
  );
  renderPage(response, 'outbox', { title: 'Outbox', messages });
}

/** A 404, as without an outbox, but it tells the developer how to get in: other pages link here. */
const lockedOutbox = () =>
  new HttpError(
    404,
    'outbox_locked',
    'To open the outbox in this browser, use the link that the server printed in its terminal when it started.',
  );
