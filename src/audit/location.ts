import { createRequire } from 'node:module';
import ipaddr from 'ipaddr.js';
import maxmind, { type CountryResponse } from 'maxmind';

/** The country of an IP address, such as "Germany"; null: unknown or private. */
export type LocationOf = (ipAddress: string | null) => string | null;

const require = createRequire(import.meta.url);
const bundled = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';
const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' });

/** Either the flat records of the bundled database or the nested ones of MaxMind's. */
type PlaceResponse = CountryResponse & { country_code?: string };

/** Opens the country database at `path` (MaxMind format), or the bundled one. */
export async function openLocations(path: string | null): Promise<LocationOf> {
  const reader = await maxmind.open<PlaceResponse>(path ?? require.resolve(bundled));
  return (ipAddress) => {
    if (!ipAddress || !ipaddr.isValid(ipAddress)) return null;
    // Private and reserved addresses have no country, whatever the database says.
    const address = ipaddr.process(ipAddress);
    if (address.range() !== 'unicast') return null;
    const found = reader.get(address.toString());
    const code = found?.country_code ?? found?.country?.iso_code;
    return code && /^[A-Z]{2}$/.test(code) ? (countries.of(code) ?? null) : null;
  };
}
