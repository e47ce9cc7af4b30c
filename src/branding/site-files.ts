import { readFileSync, statSync } from 'node:fs';

export interface Logo {
  type: 'svg' | 'png';
  content: Buffer;
}

const MAX_BYTES = 200_000;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** The root element, after what may come before it. */
const SVG_START =
  /^\s*((<\?.*?\?>|<!--.*?-->|<!doctype\s+svg[^>[]*(\[.*?\]\s*)?>)\s*)*<svg[\s>/]/is;

/** A file that a setting names is not usable. The message goes after the name of the setting. */
export class SiteFileError extends Error {
  override name = 'SiteFileError';
}

/** Judges the file by its content, not its name. @throws {SiteFileError} */
export function readLogo(path: string): Logo {
  const content = readSmallFile(path);
  if (content.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) {
    return { type: 'png', content };
  }
  if (SVG_START.test(textOf(content) ?? '')) return { type: 'svg', content };
  throw new SiteFileError('must be the path of an SVG or PNG file, and this file is neither');
}

/** @throws {SiteFileError} */
export function readStylesheet(path: string): string {
  const text = textOf(readSmallFile(path));
  if (text !== null) return text;
  throw new SiteFileError('must be the path of a CSS file in UTF-8, and this file is not text');
}

function readSmallFile(path: string): Buffer {
  try {
    const file = statSync(path);
    if (!file.isFile())
      throw new SiteFileError('must be the path of a file, and this is not a file');
    if (file.size > MAX_BYTES) {
      throw new SiteFileError(`must be the path of a file of at most ${MAX_BYTES / 1_000} kB`);
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof SiteFileError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new SiteFileError(`must be the path of a file that can be read (${code})`);
  }
}

/** Null: not text in UTF-8. */
function textOf(content: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
