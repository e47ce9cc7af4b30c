import type { IncomingHttpHeaders } from 'node:http';
import { ExpressAuth, type ExpressAuthConfig } from '@auth/express';
import { safeReturnPath } from './return-path.ts';

/** What Express has parsed of a request. */
export interface ParsedRequest {
  method: string;
  originalUrl: string;
  headers: IncomingHttpHeaders;
  body?: unknown;
}

type Handler = ReturnType<typeof ExpressAuth>;
type Shown = ReturnType<typeof showRequest>;

/**
 * Lets `ExpressAuth` of `@auth/express` answer a request, and sends nothing yet.
 *
 * It gets stand-ins for Express's request and response, with only the properties that it uses. So the
 * origin is the public one, and failures of our callbacks are seen before the answer is sent. If a new
 * version uses more, test/auth/express-auth.test.ts names what is missing.
 *
 * @throws what `ExpressAuth` passes to `next`.
 */
export function askAuth(config: ExpressAuthConfig, shown: Shown): Promise<Response> {
  return new Promise((resolve, reject) => {
    // Its own promise resolves too early: body parsers take callbacks.
    ExpressAuth(config)(
      shown as unknown as Parameters<Handler>[0],
      recordAnswer(resolve) as unknown as Parameters<Handler>[1],
      (error) => reject(error ?? new Error('Auth.js did not answer.')),
    ).catch(reject);
  });
}

/**
 * The request that Auth.js is shown.
 * @param origin the public one: clients choose `Host`, and proxies hide the scheme.
 * @param cookie the Cookie header to show.
 */
export function showRequest(
  { method, originalUrl, headers, body }: ParsedRequest,
  origin: string,
  cookie: string,
) {
  const { protocol, host } = new URL(origin);
  const url = new URL(originalUrl, origin);
  // Auth.js answers 500 to one that is no URL.
  const wanted = url.searchParams.get('callbackUrl');
  if (wanted !== null) url.searchParams.set('callbackUrl', safeReturnPath(wanted, origin));
  return {
    protocol: protocol.slice(0, -1),
    get: (_name: 'host') => host,
    originalUrl: `${url.pathname}${url.search}`,
    // Auth.js refuses HEAD.
    method: method === 'POST' ? 'POST' : 'GET',
    headers: { ...headers, cookie },
    body,
    baseUrl: '/auth',
    params: {},
    // Tells its body parsers that there is nothing left to read.
    complete: true,
  };
}

/** A response that is recorded, and passed to `onEnd` when it is complete. */
export function recordAnswer(onEnd: (answer: Response) => void) {
  const headers = new Headers();
  let status: number | null = null;
  let body = '';
  return {
    get headersSent() {
      return status !== null;
    },
    append: (name: string, value: string) => headers.append(name, value),
    // The headers that come with the status are among the appended ones.
    writeHead: (given: number) => {
      status = given;
    },
    write: (text: string) => {
      body += text;
    },
    end: () => onEnd(new Response(body || null, { status: status ?? 200, headers })),
  };
}
