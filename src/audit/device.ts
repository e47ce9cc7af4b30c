import bowser from 'bowser';
import {
  BROWSERS,
  HARDWARE,
  type KnownName,
  PARSED_SYSTEMS,
  PROGRAMS,
  STANDALONE,
  SYSTEMS,
} from './device-names.ts';

/** Where a request comes from, as it claims. */
export interface Device {
  userAgent: string | null;
  ipAddress: string | null;
}

/** Of what no request caused. */
export const NO_DEVICE: Device = { userAgent: null, ipAddress: null };

/** Only words from `device-names.ts`: they appear in emails, and a client can send any text as user agent. */
export function deviceName(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device';
  const standalone = knownName(STANDALONE, userAgent);
  if (standalone) return standalone;
  const { browser, os } = bowser.parse(userAgent);
  const program = knownName(PROGRAMS, userAgent) ?? BROWSERS.get(browser.name ?? '');
  const system = knownName(SYSTEMS, userAgent) ?? PARSED_SYSTEMS.get(os.name ?? '');
  if (program && system) return `${program} on ${system}`;
  if (program) return program;
  if (!system) return 'Unknown device';
  return HARDWARE.has(system) ? system : `${system} device`;
}

function knownName(names: readonly KnownName[], userAgent: string): string | undefined {
  return names.find(([pattern]) => pattern.test(userAgent))?.[1];
}
