import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const MAX_FILES = 20;
const MAX_LINES = 200;
const LONG_FILES = ['src/database/schema.ts'];
/** Files outside the layers, which any layer may import. */
const SHARED = ['src/log.ts', 'src/metrics.ts', 'src/time-format.ts'];

describe('The source', () => {
  it('has no folder with more than 20 files', async () => {
    const counts = new Map<string, number>();
    for (const top of ['src', 'views', 'test']) {
      for (const path of await filesIn(top)) {
        counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
      }
    }
    expect([...counts].filter(([, count]) => count > MAX_FILES)).toEqual([]);
  });

  it('has no file with more than 200 lines but the schema', async () => {
    const long: string[] = [];
    for (const path of await filesIn('src')) {
      const lines = (await read(path)).trimEnd().split('\n').length;
      if (lines > MAX_LINES && !LONG_FILES.includes(path)) long.push(`${path}: ${lines}`);
    }
    expect(long).toEqual([]);
  });

  it('has no folder that the architecture does not name', async () => {
    const text = await read('docs/architecture.md');
    const folders = new Set((await filesIn('src')).map(dirname));
    folders.delete('src');
    const unnamed = [...folders].filter((folder) => {
      const [, layer, flow] = folder.split('/');
      return !text.includes(`\`src/${layer}/\``) || (flow && !text.includes(`\`${flow}/\``));
    });
    expect(unnamed).toEqual([]);
  });

  it('imports only from the same layer and those below it', async () => {
    const layers = await layersOfArchitecture();
    expect(layers.length).toBeGreaterThan(5);
    const place = (path: string) => layers.indexOf(path.split('/')[1] ?? '');
    const upward: string[] = [];
    for (const path of await filesIn('src')) {
      for (const [, target = ''] of (await read(path)).matchAll(IMPORT)) {
        const imported = normalize(join(dirname(path), target));
        if (SHARED.includes(imported) || place(imported) >= place(path)) continue;
        upward.push(`${path} → ${imported}`);
      }
    }
    expect(upward).toEqual([]);
  });

  it('puts PATH_PREFIX before every own path in a view', async () => {
    const found: string[] = [];
    for (const path of await filesIn('views')) {
      for (const [, link = ''] of (await read(path)).matchAll(/\b(?:href|action|src)="([^"]*)/g)) {
        if (!/^<%= base %>[/<]|^[?#]/.test(link) && !LINKS_OF_OTHERS.includes(link))
          found.push(link);
      }
    }
    expect(found).toEqual([]);
  });

  it('uses only classes that the style sheet has, and names of its own for them', async () => {
    const known = new Set(
      [...(await read('public/latchkey.css')).matchAll(/\.((?:lk-|latchkey)[\w-]*)/g)].map(
        ([, name]) => name,
      ),
    );
    const unknown = new Set<string>();
    for (const path of await filesIn('views')) {
      if (path.startsWith('views/email/')) continue;
      for (const [, text = ''] of (await read(path)).matchAll(/class="([^"]*)"/g)) {
        // The kind of a message, or the strings in a condition.
        const names = text.replace(/<%.*?%>/g, (code) =>
          code.includes("'")
            ? (code.match(/'[^']*'/g) ?? []).join(' ').replaceAll("'", '')
            : 'error',
        );
        for (const name of names.split(/\s+/)) if (name && !known.has(name)) unknown.add(name);
      }
    }
    expect([...unknown]).toEqual([]);
  });

  it('redirects to own paths with `redirectTo` only', async () => {
    const found: string[] = [];
    for (const path of await filesIn('src')) {
      for (const [, target = ''] of (await read(path)).matchAll(
        /\.redirect\((?:[^,]+, )?(.+)\)/g,
      )) {
        if (!PUBLIC_PATHS.includes(target)) found.push(`${path}: ${target}`);
      }
    }
    expect(found).toEqual([]);
  });
});

/** Whole URLs, public paths, and queries for the same page. */
const LINKS_OF_OTHERS = [
  '<%= action.url %>',
  '<%= cancel %>',
  '<%= factor.link %>',
  '<%= newer %>',
  '<%= older %>',
  '<%= part %>',
];
/** Values that come from `returnPath`, and what `redirectTo` does. */
const PUBLIC_PATHS = ['callbackUrl', 'path', 'publicPath(response.req, path)'];

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

/** The folders of the table of layers, from the top down. Files directly in src/ are above them all. */
async function layersOfArchitecture(): Promise<string[]> {
  const text = await read('docs/architecture.md');
  return [...text.matchAll(/^\| `src\/([\w-]+)\/` \|/gm)].map(([, name = '']) => name);
}

const read = (path: string) => readFile(join(root, path), 'utf8');

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}
