import type { Accent } from './accent.ts';
import type { Logo } from './site-files.ts';

/** The look of a site, as its operator sets it. */
export interface Site {
  name: string;
  /** Null: Latchkey's own colours. */
  accent: Accent | null;
  logo: Logo | null;
  /** CSS, served after ours. */
  stylesheet: string | null;
}

/** A name for downloads of a site: "Café 21" and `data.json` are `cafe-21-data.json`. */
export function fileNameOf(siteName: string, file: string): string {
  const words = siteName.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  return [...(words.match(/[a-z\d]+/g) ?? []), file].join('-');
}

export const DEFAULT_SITE_NAME = 'Latchkey';
