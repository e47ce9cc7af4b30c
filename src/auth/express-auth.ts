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
 * Lets Auth.js answer a request, through `ExpressAuth` of `@auth/express`, and sends nothing.
 *
 * It gets neither the request nor the response of Express but stand-ins with all that it uses. So the
 * origin is ours to say, and there is time to look at how our callbacks fared. What a new version would
 * use beyond that is missing, which is an error and not a hole; test/express-auth.test.ts names it.
 *
 * @throws what `ExpressAuth` passes to `next`.
 */
export function askAuth(config: ExpressAuthConfig, shown: Shown): Promise<Response> {
  return new Promise((resolve, reject) => {
    // Its own promise resolves before its work is done.
    ExpressAuth(config)(
      shown as unknown as Parameters<Handler>[0],
      recordAnswer(resolve) as unknown as Parameters<Handler>[1],
      (error) => reject(error ?? new Error('Auth.js did not answer.')),
    ).catch(reject);
  });
}

/**
 * The request that Auth.js is shown.
 * @param origin the public one; `Host` and the scheme are a client's or a proxy's to say.
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
    // Auth.js refuses HEAD, whose answer is that to GET.
    method: method === 'POST' ? 'POST' : 'GET',
    headers: { ...headers, cookie },
    body,
    baseUrl: '/auth',
    params: {},
    // Tells the body parsers, which come first, that there is nothing left to read.
    complete: true,
  };
}

/** A response that keeps what it is given, and hands it over when it ends. */
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
