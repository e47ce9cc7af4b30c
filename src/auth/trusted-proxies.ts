import { compile } from 'proxy-addr';

/** Whether to believe what a proxy says. `distance` 0 is the connection itself, 1 the proxy before it. */
export type IsTrustedProxy = (address: string, distance: number) => boolean;

/** `TRUST_PROXY`, read as Express reads "trust proxy". */
export function trustedProxies(trustProxy: number | string[]): IsTrustedProxy {
  if (typeof trustProxy !== 'number') return compile(trustProxy);
  return (_address, distance) => distance < trustProxy;
}
