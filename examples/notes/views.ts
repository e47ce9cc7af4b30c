import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import type { Express } from 'express';

const folder = fileURLToPath(new URL('views', import.meta.url));

/** Puts every page into the layout that frames the account pages too (`layout` in auth.ts). */
export function useViews(app: Express): void {
  app.set('views', folder);
  app.set('view engine', 'ejs');
  app.engine('ejs', (path, locals, done) => {
    renderInLayout(path, locals).then((html) => done(null, html), done);
  });
}

async function renderInLayout(path: string, locals: object): Promise<string> {
  const content = await ejs.renderFile(path, locals);
  return ejs.renderFile(pathOf('layout'), { head: '', viewer: null, ...locals, content });
}

const pathOf = (name: string) => `${folder}/${name}.ejs`;

/** A page as text, for one that is sent bit by bit. */
export const renderPage = (name: string, locals: object) => renderInLayout(pathOf(name), locals);

/** A part of a page, without the layout. */
export const renderPart = (name: string, locals: object): Promise<string> =>
  ejs.renderFile(pathOf(name), locals);
