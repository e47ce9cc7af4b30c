import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request, RequestHandler } from 'express';
import ipaddr from 'ipaddr.js';
import type { Context } from '../auth/context.ts';
import { notFound } from '../http/error.ts';
import { renderPage } from '../http/render.ts';

const NEWEST = 20;
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The mails that a server without SMTP_URL has written, so that whoever tries it out can follow their
 * links. Links open accounts: nobody but this machine's own browsers sees them, and nobody at all when
 * mails have somewhere else to go.
 */
export function showOutbox(context: Context): RequestHandler {
  const { authUrl, mail } = context.config;
  return async (request, response) => {
    // Behind a proxy everybody seems to come from this machine.
    const isPublic = authUrl !== null && !LOOPBACK_HOSTS.includes(authUrl.hostname);
    if (mail.to !== 'outbox' || isPublic || !isFromThisMachine(request)) throw notFound();
    const files = await readdir(mail.directory).catch(() => []);
    const names = files
      .filter((name) => name.endsWith('.txt'))
      .sort()
      .reverse();
    const letters = await Promise.all(
      names.slice(0, NEWEST).map(async (name) => {
        const text = await readFile(join(mail.directory, name), 'utf8');
        // Every other part is an address: those are shown as links.
        return text.split(/(https?:\/\/\S+)/);
      }),
    );
    renderPage(request, response, context, 'outbox', { title: 'Outbox', letters });
  };
}

/** Not through a proxy, and not by a name that somebody else's DNS leads here. */
function isFromThisMachine(request: Request): boolean {
  const address = request.socket.remoteAddress ?? '';
  const isLoopback = ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
  const isForwarded = Object.keys(request.headers).some((name) => /^(x-)?forwarded/.test(name));
  return isLoopback && !isForwarded && LOOPBACK_HOSTS.includes(request.hostname);
}
