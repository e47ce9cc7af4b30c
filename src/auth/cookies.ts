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
  /** Kept by Auth.js during a provider's sign-in, like the next two. */
  state: Cookie;
  pkceCodeVerifier: Cookie;
  nonce: Cookie;
  flash: Cookie;
  device: Cookie;
  pendingSignIn: Cookie;
  outbox: Cookie;
}

/**
 * Fixed by `AUTH_URL`, not by the request: behind a proxy that hides the scheme, names would differ.
 * No sibling host can plant a `__Host-` cookie (RFC 6265bis, 4.1.3.2; ASVS 5.0, 3.3.3).
 * A session shared through `COOKIE_DOMAIN` cannot have that prefix.
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
