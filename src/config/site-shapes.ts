import { readdirSync } from 'node:fs';
import { z } from 'zod';
import { deriveAccent } from '../branding/accent.ts';
import { readLogo, readStylesheet, SiteFileError } from '../branding/site-files.ts';

/** One line of visible characters: the name goes into headers of emails. */
export const siteName = z
  .string()
  .trim()
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,60}$/u, {
    error: 'must be 1 to 60 visible characters on one line, without control characters',
  });

/** Replaced by shades of it on which text is readable. */
export const accent = z.string().transform((value, context) => {
  const derived = deriveAccent(value.trim());
  if (derived) return derived;
  context.addIssue('must be a colour of 3 or 6 hexadecimal digits, such as #1b5e4e');
  return z.NEVER;
});

/** Files are read here, at start, so that wrong ones are reported with all other settings. */
export const logo = fileRead(readLogo);
export const stylesheet = fileRead(readStylesheet);

export const directory = z.string().refine(isDirectory, {
  error: 'must be the path of a directory that exists and can be read',
});

function isDirectory(path: string): boolean {
  try {
    return readdirSync(path).length >= 0;
  } catch {
    return false;
  }
}

function fileRead<Content>(read: (path: string) => Content) {
  return z.string().transform((path, context) => {
    try {
      return read(path);
    } catch (error) {
      if (!(error instanceof SiteFileError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });
}
