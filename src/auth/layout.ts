import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ejs from 'ejs';
import type { Viewer } from '../sessions/viewer.ts';

/** A page of ours for the frame of a host app. */
export interface FramedPage {
  /** For `<title>`, as text: escape it. Without the name of the site. */
  title: string;
  /** For `<main>`, as HTML, from the `<h1>` on. */
  content: string;
  /** For `<head>`, as HTML: links to our style sheets. */
  head: string;
  /** Who is signed in. Null while two-factor set-up is due, too (invariant 13). */
  viewer: Viewer | null;
}

/** Returns a whole HTML document with a page of ours in it. */
export type Layout = (page: FramedPage) => string | Promise<string>;

/** The layout of an EJS file, whose locals are the properties of `FramedPage`. Null: there is no such file. */
export function layoutOfFile(path: string, isCached: boolean): Layout | null {
  const file = resolve(path);
  if (!existsSync(file)) return null;
  const options = { cache: isCached, views: [dirname(file)] };
  return (page) => ejs.renderFile(file, { ...page }, options);
}
