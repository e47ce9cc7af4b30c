import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../auth/context.ts';
import { safeReturnPath } from '../auth/return-path.ts';
import { runAuth } from '../auth/run.ts';
import { deviceOf } from '../http/device.ts';
import { originOf } from '../http/public-origin.ts';

/** Everything under `/auth` that has no handler of its own. */
export function passToAuth(context: Context): RequestHandler {
  return async (request, response) => {
    await sendAuthAnswer(await answerWithAuth(context, request), response);
  };
}

/** What Auth.js answers, not sent yet. */
export function answerWithAuth(context: Context, request: Request): Promise<globalThis.Response> {
  return runAuth(context, {
    request: webRequestOf(request, originOf(request, context), context.cookies.callbackUrl.name),
    device: deviceOf(request),
    viewer: request.viewer,
  });
}

export async function sendAuthAnswer(
  answer: globalThis.Response,
  response: Response,
): Promise<void> {
  for (const [name, value] of answer.headers) {
    // Appended, as the check may have set cookies already.
    if (name === 'set-cookie') response.append(name, value);
    else response.set(name, value);
  }
  response.status(answer.status).send(await answer.text());
}

/** The same request under the public origin, with the body that Express has parsed already. */
function webRequestOf(
  request: Request,
  origin: string,
  callbackUrlCookie: string,
): globalThis.Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  headers.set('cookie', withSafeReturn(request.get('cookie') ?? '', callbackUrlCookie, origin));
  const url = new URL(request.originalUrl, origin);
  const wanted = url.searchParams.get('callbackUrl');
  if (wanted !== null) url.searchParams.set('callbackUrl', safeReturnPath(wanted, origin));

  if (request.method !== 'POST') return new globalThis.Request(url, { method: 'GET', headers });
  headers.set('content-type', 'application/json');
  headers.delete('content-length');
  const body = JSON.stringify(request.body ?? {});
  return new globalThis.Request(url, { method: 'POST', headers, body });
}

/** The cookies without a return path that is not one: Auth.js answers 500 to it. */
function withSafeReturn(cookies: string, callbackUrlCookie: string, origin: string): string {
  const isUsable = (pair: string) => {
    const [name = '', value = ''] = pair.split('=');
    if (name.trim() !== callbackUrlCookie) return true;
    const wanted = value.replaceAll('%2F', '/');
    return safeReturnPath(wanted, origin) === wanted;
  };
  return cookies.split(';').filter(isUsable).join(';');
}
