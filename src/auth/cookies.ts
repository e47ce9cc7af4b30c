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
}

/**
 * Names and options of all cookies, decided once from `AUTH_URL`: a name decided per request differs
 * between sign-in and look-up as soon as a proxy hides the scheme.
 */
export function cookiesFor({ authUrl, cookieDomain }: Config): Cookies {
  const secure = authUrl?.protocol === 'https:';
  const prefix = secure ? '__Secure-' : '';
  const options: Cookie['options'] = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  const withDomain = cookieDomain === null ? options : { ...options, domain: cookieDomain };
  return {
    session: { name: `${prefix}authjs.session-token`, options: withDomain },
    callbackUrl: { name: `${prefix}authjs.callback-url`, options },
    // __Host-: no other host of the domain can plant one (RFC 6265bis, section 4.1.3.2).
    csrf: { name: `${secure ? '__Host-' : ''}authjs.csrf-token`, options },
    flash: { name: `${secure ? '__Host-' : ''}latchkey.flash`, options },
  };
}
