import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Accent, Shades } from './accent.ts';
import type { Site } from './site.ts';

export interface PublicFile {
  content: Buffer;
  headers: Record<string, string>;
}

/** By own path, such as `/latchkey.css`. */
export type PublicFiles = ReadonlyMap<string, PublicFile>;

const FOLDER = fileURLToPath(new URL('../../public', import.meta.url));
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
/** An SVG can hold scripts, and people can open it by its address. */
const NO_SCRIPTS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
};

/** All files that Latchkey serves, read once. */
export function loadPublicFiles(site: Site): PublicFiles {
  const ours = readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name))] as const);
  const files = new Map<string, Buffer>(ours);
  const { accent, stylesheet, logo } = site;
  if (accent) files.set('latchkey-accent.css', Buffer.from(accentCss(accent)));
  if (stylesheet) files.set('latchkey-site.css', Buffer.from(stylesheet));
  if (logo) files.set(`latchkey-logo.${logo.type}`, logo.content);
  return new Map([...files].map(([name, content]) => [`/${name}`, publicFile(name, content)]));
}

/** Own paths of what pages load, in this order. They change with the content. */
export function linksOf(files: PublicFiles) {
  const linkTo = (path: string): string[] => {
    const file = files.get(path);
    return file ? [`${path}?v=${file.headers.ETag?.slice(1, 9)}`] : [];
  };
  const [logo = null] = ['/latchkey-logo.svg', '/latchkey-logo.png'].flatMap(linkTo);
  const [mark = ''] = linkTo('/latchkey.svg');
  const sheets = ['/latchkey.css', '/latchkey-accent.css', '/latchkey-site.css'];
  return { stylesheets: sheets.flatMap(linkTo), logo, icon: logo ?? mark };
}

function publicFile(name: string, content: Buffer): PublicFile {
  const extension = extname(name);
  return {
    content,
    headers: {
      'Content-Type': TYPES[extension] ?? 'application/octet-stream',
      'Cache-Control': 'public, max-age=3600',
      ETag: `"${hash('sha256', content, 'hex').slice(0, 32)}"`,
      ...(extension === '.svg' ? NO_SCRIPTS : {}),
    },
  };
}

function accentCss({ light, dark }: Accent): string {
  const rule = (value: (shade: keyof Shades) => string) =>
    `.latchkey {
  --accent: ${value('accent')};
  --accent-strong: ${value('strong')};
  --accent-wash: ${value('wash')};
  --on-accent: ${value('on')};
}`;
  return `${rule((shade) => light[shade])}
@supports (color: light-dark(#fff, #000)) {
${rule((shade) => `light-dark(${light[shade]}, ${dark[shade]})`)}
}
`;
}
