import { isIPv4 } from 'node:net';
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import proxyAddress from 'proxy-addr';
import type { Device } from '../audit/device.ts';
import { contextOf } from './context.ts';

const USER_AGENT_MAX_LENGTH = 512;

/** The device that sent a request. Its address is as reliable as TRUST_PROXY is right. */
export function deviceOf(request: Request): Device {
  return {
    userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_MAX_LENGTH) || null,
    ipAddress: addressIn(clientAddress(request) ?? ''),
  };
}

/** Not `request.ip`, which follows the host app's "trust proxy". */
function clientAddress(request: Request): string | undefined {
  const { isTrustedProxy } = contextOf(request);
  const { remoteAddress } = request.socket;
  if (remoteAddress === undefined || !isTrustedProxy(remoteAddress, 0)) return remoteAddress;
  return proxyAddress(request, isTrustedProxy);
}

/** The address, with IPv4-mapped IPv6 (::ffff:192.0.2.1) as IPv4. */
function addressIn(ip: string): string | null {
  if (isIPv4(ip)) return ip;
  return ipaddr.isValid(ip) ? ipaddr.process(ip).toString() : null;
}
