import ipaddr from 'ipaddr.js';
import { RateLimiterDrizzle, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database } from '../database/open.ts';
import { rateLimits } from '../database/schema.ts';
import { TooManyAttempts } from './too-many-attempts.ts';

const QUARTER_HOUR_S = 900;
const HOUR_S = 3_600;
const DAY_S = 86_400;
const WEEK_S = 604_800;

/** Undoes one count: an attempt that succeeds counts for nothing. */
export type Uncount = () => Promise<void>;

/** A rate limit, counted in the database for all processes. */
export interface Throttle {
  /** @throws {TooManyAttempts} over the limit. */
  count(who: string | null, now: Date): Promise<Uncount>;
}

export interface Throttles {
  signIn: Throttle;
  /** Emails that anyone can request, as for a forgotten password, by IP address. */
  email: Throttle;
  /** Wrong codes of any kind, by account and cutoff: a password reset starts a new count. */
  twoFactor: Throttle;
  /** Wrong codes from an authenticator app, by account: nothing resets the count early. */
  appCode: Throttle;
  /** Name changes, by account: each adds to the history. */
  rename: Throttle;
  download: Throttle;
}

export function createThrottles(database: Database): Throttles {
  const limiter = (keyPrefix: string, points: number, duration: number) =>
    new RateLimiterDrizzle({
      ...{ storeClient: database, schema: rateLimits, keyPrefix, points, duration },
      // The purge job does it.
      clearExpiredByTimeout: false,
    });
  return {
    signIn: byIpAddress(
      limiter('sign_in:address', 50, QUARTER_HOUR_S),
      limiter('sign_in:network', 250, QUARTER_HOUR_S),
    ),
    email: byIpAddress(limiter('email:address', 30, HOUR_S), limiter('email:network', 150, HOUR_S)),
    twoFactor: byKey(limiter('two_factor', 25, DAY_S)),
    // Three codes in a million are right at any time. At most 53 windows a year make 5,300 guesses, and
    // one of them is right with a probability of 1.6%.
    appCode: byKey(limiter('app_code', 100, WEEK_S)),
    rename: byKey(limiter('rename', 30, HOUR_S)),
    download: byKey(limiter('download', 5, HOUR_S)),
  };
}

function byKey(limiter: RateLimiterDrizzle): Throttle {
  return {
    async count(who, now) {
      const key = who ?? 'unknown';
      await consume(limiter, key, now);
      return async () => {
        await limiter.reward(key);
      };
    },
  };
}

/** By IP address and by its network: attackers often have many addresses in one network. */
function byIpAddress(byAddress: RateLimiterDrizzle, byNetwork: RateLimiterDrizzle): Throttle {
  return {
    async count(ipAddress, now) {
      const { address, network } = networksOf(ipAddress);
      const uncounts = [
        await byKey(byAddress).count(address, now),
        await byKey(byNetwork).count(network, now),
      ];
      return async () => {
        await Promise.all(uncounts.map((uncount) => uncount()));
      };
    },
  };
}

async function consume(limiter: RateLimiterDrizzle, key: string, now: Date): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new TooManyAttempts(new Date(now.getTime() + refusal.msBeforeNext));
  }
}

/** IPv6: a home has a /64, and providers assign /48s. IPv4: a /24 is a network. */
function networksOf(ipAddress: string | null): { address: string; network: string } {
  if (ipAddress === null) return { address: 'unknown', network: 'unknown' };
  if (ipaddr.IPv4.isValid(ipAddress)) {
    const network = ipaddr.IPv4.networkAddressFromCIDR(`${ipAddress}/24`).toString();
    return { address: ipAddress, network };
  }
  const within = (bits: number) =>
    `${ipaddr.IPv6.networkAddressFromCIDR(`${ipAddress}/${bits}`)}/${bits}`;
  return { address: within(64), network: within(48) };
}
