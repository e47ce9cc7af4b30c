import type { IncomingHttpHeaders } from 'node:http';
import { ExpressAuth, type ExpressAuthConfig } from '@auth/express';
import { safeReturnPath } from './return-path.ts';

export interface ParsedRequest {
  method: string;
  originalUrl: string;
  headers: IncomingHttpHeaders;
  body?: unknown;
}

type Handler = ReturnType<typeof ExpressAuth>;
type Shown = ReturnType<typeof showRequest>;

/**
 * Lets `ExpressAuth` answer without sending. Its stand-ins for request and response show it the public origin
 * and only what it uses. test/auth/express-auth.test.ts fails if a new version uses more.
 * @throws what `ExpressAuth` passes to `next`.
 */
export function askAuth(config: ExpressAuthConfig, shown: Shown): Promise<Response> {
  return new Promise((resolve, reject) => {
    // Its promise resolves too early: the body parsers use callbacks.
    ExpressAuth(config)(
      shown as unknown as Parameters<Handler>[0],
      recordAnswer(resolve) as unknown as Parameters<Handler>[1],
      (error) => reject(error ?? new Error('Auth.js did not answer.')),
    ).catch(reject);
  });
}

/** The request for Auth.js. `baseUrl` is public (`safeReturnPath`): clients choose `Host`, and proxies hide the scheme. */
export function showRequest(
  { method, originalUrl, headers, body }: ParsedRequest,
  baseUrl: string,
  cookie: string,
) {
  const { protocol, host, pathname } = new URL(baseUrl);
  const url = new URL(originalUrl, baseUrl);
  // Auth.js answers 500 to an invalid URL.
  const wanted = url.searchParams.get('callbackUrl');
  if (wanted !== null) url.searchParams.set('callbackUrl', safeReturnPath(wanted, baseUrl));
  return {
    protocol: protocol.slice(0, -1),
    get: (_name: 'host') => host,
    originalUrl: `${url.pathname}${url.search}`,
    // Auth.js refuses HEAD.
    method: method === 'POST' ? 'POST' : 'GET',
    headers: { ...headers, cookie },
    body,
    baseUrl: `${pathname === '/' ? '' : pathname}/auth`,
    params: {},
    // Tells its body parsers that the body has been read.
    complete: true,
  };
}

/** Records a response and passes it to `onEnd` when it is complete. */
export function recordAnswer(onEnd: (answer: Response) => void) {
  const headers = new Headers();
  let status: number | null = null;
  let body = '';
  return {
    get headersSent() {
      return status !== null;
    },
    append: (name: string, value: string) => headers.append(name, value),
    // Headers passed here were appended before.
    writeHead: (given: number) => {
      status = given;
    },
    write: (text: string) => {
      body += text;
    },
    end: () => onEnd(new Response(body || null, { status: status ?? 200, headers })),
  };
}
