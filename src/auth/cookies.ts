import type { Config } from '../config/config.ts';

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
  /** What Auth.js keeps while a provider is asked. */
  state: Cookie;
  pkceCodeVerifier: Cookie;
  nonce: Cookie;
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
 *
 * Under https no other host of the domain can plant a `__Host-` cookie (RFC 6265bis, 4.1.3.2; ASVS 5.0,
 * 3.3.3). Only a session that is shared with other hosts by `COOKIE_DOMAIN` cannot have that prefix.
 */
export function cookiesFor({ authUrl, cookieDomain }: Config): Cookies {
  const secure = authUrl?.protocol === 'https:';
  const options: Cookie['options'] = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  const own = (name: string): Cookie => ({ name: secure ? `__Host-${name}` : name, options });
  const shared = (name: string, domain: string): Cookie => ({
    name: secure ? `__Secure-${name}` : name,
    options: { ...options, domain },
  });
  const session = 'authjs.session-token';
  return {
    session: cookieDomain === null ? own(session) : shared(session, cookieDomain),
    callbackUrl: own('authjs.callback-url'),
    csrf: own('authjs.csrf-token'),
    state: own('authjs.state'),
    pkceCodeVerifier: own('authjs.pkce.code_verifier'),
    nonce: own('authjs.nonce'),
    flash: own('latchkey.flash'),
    device: own('latchkey.device'),
    pendingSignIn: own('latchkey.pending-sign-in'),
    outbox: own('latchkey.outbox'),
  };
}
