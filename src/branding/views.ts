import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';

export interface ViewOptions {
  /** Templates that replace ours, by their names. */
  viewsDir: string | null;
  /** Whether templates stay compiled. Without, changed files are seen at once. */
  isCached: boolean;
}

/** Renders the template of that name below `views/`, without `.ejs`. */
export type RenderView = (name: string, locals: object) => string;

const OURS = fileURLToPath(new URL('../../views', import.meta.url));

/**
 * Looks each template up in `viewsDir` first, included ones too, so that one file replaces one of ours everywhere.
 * Values are escaped for HTML, or with `format: 'text'` not at all.
 */
export function createViews(
  { viewsDir, isCached }: ViewOptions,
  format: 'html' | 'text' = 'html',
): RenderView {
  const roots = viewsDir === null ? [OURS] : [viewsDir, OURS];
  const escaping = format === 'text' ? { escape: (value: unknown) => String(value) } : {};
  const compiled = new Map<string, ejs.TemplateFunction>();

  function templateOf(name: string): ejs.TemplateFunction {
    const known = compiled.get(name);
    if (known) return known;
    const files = roots.map((root) => join(root, `${name}.ejs`));
    const filename = files.find((file) => existsSync(file));
    if (filename === undefined) throw new Error(`There is no template ${name}.ejs.`);
    const template = ejs.compile(readFileSync(filename, 'utf8'), { filename, ...escaping });
    if (isCached) compiled.set(name, template);
    return template;
  }

  function render(name: string, locals: object): string {
    // Instead of EJS's own, which looks next to the file and in a cache that the host app shares.
    const include = (path: string, more: object = {}) =>
      render(nameOfInclude(name, path), { ...locals, ...more });
    return templateOf(name)({ ...locals, include });
  }
  return render;
}

/** `../partials/field` in `account/email` is `partials/field`, and so is `/partials/field`. */
function nameOfInclude(from: string, path: string): string {
  return posix
    .resolve('/', posix.dirname(from), path)
    .slice(1)
    .replace(/\.ejs$/, '');
}

/** The names of templates in a folder, such as `account/email.ejs`. By default, of ours. */
export const listViews = (folder: string = OURS): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ejs'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
