import { isIPv4 } from 'node:net';
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import type { Device } from '../audit/device.ts';

const USER_AGENT_MAX_LENGTH = 512;

/** What a request says of the device it comes from. The address is as far as TRUST_PROXY vouches. */
export function deviceOf(request: Request): Device {
  return {
    userAgent: request.get('user-agent')?.slice(0, USER_AGENT_MAX_LENGTH) || null,
    ipAddress: addressIn(request.ip ?? ''),
  };
}

/** IPv4 in the dress of IPv6 (::ffff:192.0.2.1) is the same address. */
function addressIn(ip: string): string | null {
  if (isIPv4(ip)) return ip;
  return ipaddr.isValid(ip) ? ipaddr.process(ip).toString() : null;
}
