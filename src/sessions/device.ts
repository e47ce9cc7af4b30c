import bowser from 'bowser';

/** Where a request comes from, as far as it says. */
export interface Device {
  userAgent: string | null;
  ipAddress: string | null;
}

/** "Firefox on Linux", "Safari on iPhone", "Lynx", or "Unknown device". */
export function deviceName(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device';
  const { browser, os, platform } = bowser.parse(userAgent);
  // What the parser does not know, it names by the whole of it: whatever a stranger wants to be read.
  const isKnown = browser.name !== undefined && /^[\w .+-]{1,30}$/.test(browser.name);
  const program = (isKnown && browser.name) || productName(userAgent);
  // Phones and tablets of one maker are known by their model, all others by their system.
  const system = platform.vendor === 'Apple' && platform.model ? platform.model : os.name;
  if (program && system) return `${program} on ${system}`;
  return program ?? (system ? `Unknown browser on ${system}` : 'Unknown device');
}

/** The product that a program names itself after: `curl/8.5.0` is curl (RFC 9110, section 10.1.5). */
function productName(userAgent: string): string | undefined {
  const product = /^([A-Za-z][\w.-]{0,30})\/\d/.exec(userAgent)?.[1];
  return product === 'Mozilla' ? undefined : product;
}
