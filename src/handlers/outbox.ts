import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import type { Context } from '../auth/context.ts';
import { OUTBOX_PATH } from '../config/config.ts';
import { isSame } from '../crypto/constant-time.ts';
import { notFound } from '../http/error.ts';
import { renderPage } from '../http/render.ts';

const NEWEST = 20;

/**
 * The emails that a server without SMTP_URL has written, with their links to follow. Links open
 * accounts, so this needs the token from the terminal. Headers cannot prove that a request is local: behind
 * a default nginx everyone's `Host` is 127.0.0.1, and nothing says that it was forwarded.
 */
export function showOutbox(context: Context): RequestHandler {
  const { cookies, config } = context;
  const { email, outboxToken } = config;
  return async (request, response) => {
    if (email.to !== 'outbox' || outboxToken === null) throw notFound();
    const isToken = (given: unknown) => typeof given === 'string' && isSame(given, outboxToken);
    const { name, options } = cookies.outbox;
    if (isToken(request.query.token)) {
      response.cookie(name, outboxToken, options);
      // Out of the address bar and the history.
      return response.redirect(303, OUTBOX_PATH);
    }
    if (!isToken(request.cookies[name])) throw notFound();
    const files = await readdir(email.directory).catch(() => []);
    const names = files
      .filter((name) => name.endsWith('.txt'))
      .sort()
      .reverse();
    const messages = await Promise.all(
      names.slice(0, NEWEST).map(async (name) => {
        const text = await readFile(join(email.directory, name), 'utf8');
        // Every other part is an address: those are shown as links.
        return text.split(/(https?:\/\/\S+)/);
      }),
    );
    renderPage(request, response, context, 'outbox', { title: 'Outbox', messages });
  };
}
