import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, resolve, sep } from 'node:path';
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
  const roots = viewsDir === null ? [OURS] : [resolve(viewsDir), OURS];
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
const nameOfInclude = (from: string, path: string): string =>
  posix
    .resolve('/', posix.dirname(from), path)
    .slice(1)
    .replace(/\.ejs$/, '');

/** Our templates by name, and those in `viewsDir` that replace none of them and that none there includes. */
export function compareViews(viewsDir: string): { known: string[]; unused: string[] } {
  const [known, theirs] = [viewNamesIn(OURS), viewNamesIn(viewsDir)];
  const included = theirs.flatMap((name) => {
    const text = readFileSync(join(viewsDir, `${name}.ejs`), 'utf8');
    const paths = [...text.matchAll(/\binclude\(\s*['"`]([^'"`]+)/g)];
    return paths.map(([, path = '']) => nameOfInclude(name, path));
  });
  return { known, unused: theirs.filter((name) => ![...known, ...included].includes(name)) };
}

const viewNamesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ejs'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .map((path) =>
      path
        .split(sep)
        .join('/')
        .replace(/\.ejs$/, ''),
    );
