import type { Config } from '../config.ts';

export interface Cookie {
  name: string;
  options: {
    httpOnly: boolean;
    sameSite: 'lax';
    path: string;
    secure: boolean;
    domain?: string;
  };
}

export interface Cookies {
  session: Cookie;
  csrf: Cookie;
  callbackUrl: Cookie;
  flash: Cookie;
  /** Tells a browser that an account knows from a new one. */
  device: Cookie;
  /** A sign-in that waits for the second factor. */
  pendingSignIn: Cookie;
  /** A browser that was opened with the link to the outbox. */
  outbox: Cookie;
}

/**
 * Names and options of all cookies, decided once from `AUTH_URL`: a name decided per request differs
 * between sign-in and look-up as soon as a proxy hides the scheme.
 */
export function cookiesFor({ authUrl, cookieDomain }: Config): Cookies {
  const secure = authUrl?.protocol === 'https:';
  const prefix = secure ? '__Secure-' : '';
  // No other host of the domain can plant one of these (RFC 6265bis, section 4.1.3.2).
  const hostPrefix = secure ? '__Host-' : '';
  const options: Cookie['options'] = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  const withDomain = cookieDomain === null ? options : { ...options, domain: cookieDomain };
  return {
    session: { name: `${prefix}authjs.session-token`, options: withDomain },
    callbackUrl: { name: `${prefix}authjs.callback-url`, options },
    csrf: { name: `${hostPrefix}authjs.csrf-token`, options },
    flash: { name: `${hostPrefix}latchkey.flash`, options },
    device: { name: `${hostPrefix}latchkey.device`, options },
    pendingSignIn: { name: `${hostPrefix}latchkey.pending-sign-in`, options },
    outbox: { name: `${hostPrefix}latchkey.outbox`, options },
  };
}
