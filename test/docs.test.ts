import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = ['docs/security.md', 'docs/invariants.md'];

describe('The documents', () => {
  it.each(DOCUMENTS)('%s names only tests that exist', async (path) => {
    const text = await readFile(join(root, path), 'utf8');
    expect([...text.matchAll(TEST_FILE)].length).toBeGreaterThan(10);
    expect(wrongMentions(text, await titlesOfTests())).toEqual([]);
  });

  it('are refused when a test file or a test does not exist', async () => {
    const titles = await titlesOfTests();
    const known = '`docs.test.ts` › are refused when a test file or a test does not exist';
    expect(
      wrongMentions(`| ${known}, name and link only paths that exist; ${known} |`, titles),
    ).toEqual([]);
    expect(wrongMentions(`- ${known} (a note).`, titles)).toEqual([]);
    expect(wrongMentions('`test/no-such.test.ts`', titles)).toEqual(['no-such.test.ts']);
    expect(wrongMentions(`${known}, takes tea`, titles)).toEqual(['docs.test.ts › takes tea']);
    expect(wrongMentions(`\`docs.test.ts\` › takes tea; ${known}`, titles)).toEqual([
      'docs.test.ts › takes tea',
    ]);
  });

  it('name and link only paths that exist', async () => {
    const ours = [
      ...(await readdir(root)),
      ...(await readdir(join(root, 'docs'), { recursive: true })).map((name) => join('docs', name)),
    ].filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md');
    const missing: string[] = [];
    for (const path of ours) {
      const text = await readFile(join(root, path), 'utf8');
      const paths = [...text.matchAll(/`((?:src|test|views|drizzle|bench)\/[^`*…]+)`/g)];
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)];
      const mentioned = [
        ...paths.map(([, name = '']) => name),
        ...links.map(([, target = '']) => join(dirname(path), target)),
      ];
      missing.push(...mentioned.filter((name) => !existsSync(join(root, name))));
    }
    expect(missing).toEqual([]);
  });
});

const TEST_FILE = /(?<![\w/.-])(?:\.\.\/)*(?:test\/)?([\w/-]+\.test\.ts)/g;
const TITLE =
  /(?:\b(?:it|test|describe)(?:\.\w+)*(?:\([^()'"`]*\))?|[\])]\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])+)\1/g;

const SEPARATORS = '(?:[,;›>\\s]|and\\s)*';

/** The titles in each test file, by its path below `test/`. */
async function titlesOfTests(): Promise<Map<string, string[]>> {
  const names = await readdir(join(root, 'test'), { recursive: true });
  const files = names.filter((name) => name.endsWith('.test.ts'));
  return new Map(
    await Promise.all(
      files.map(async (name): Promise<[string, string[]]> => {
        const source = await readFile(join(root, 'test', name), 'utf8');
        return [name, [...source.matchAll(TITLE)].map(([, , title = '']) => plain(title))];
      }),
    ),
  );
}

/** Each "`file` › sentence, sentence" whose file or sentence does not exist. */
function wrongMentions(text: string, tests: Map<string, string[]>): string[] {
  return text.split(/(?<!\\)\||\n(?=\s*\n|\s*[-*|])/).flatMap((cell) => {
    const mentions = [...cell.matchAll(TEST_FILE)];
    return mentions.flatMap((mention, place) => {
      const file = mention[1] ?? '';
      const titles = tests.get(file);
      if (!titles) return [file];
      const end = mentions[place + 1]?.index ?? cell.length;
      const after = cell.slice(mention.index + mention[0].length, end);
      const sentences = /^[`)\s]*(?:\]\([^)]*\))?\s*[›>]\s*(.*)/s.exec(after)?.[1];
      const rest = sentences === undefined ? '' : unknownRest(plain(sentences), titles);
      return rest === '' ? [] : [`${file} › ${rest}`];
    });
  });
}

/** What stays of sentences after those that are titles; titles have commas as well. */
function unknownRest(sentences: string, titles: string[]): string {
  if (/^(?:\([^)]*\)|[\s.,;]|and\b)*$/.test(sentences)) return '';
  const rests = titles
    .map((title) => titlePattern(title).exec(sentences)?.[0])
    .filter((found) => found !== undefined)
    .map((found) => unknownRest(sentences.slice(found.length), titles));
  // The shortest rest is the reading that got furthest.
  const [shortest] = rests.sort((a, b) => a.length - b.length);
  return shortest ?? sentences.replace(new RegExp(`^${SEPARATORS}|[,;\\s]+$`, 'g'), '');
}

/**
 * A title at the start of a list of them. `%s` and `${…}` stand for anything, and a tail such as
 * `, with %s` can be left out.
 */
function titlePattern(title: string): RegExp {
  const [, sentence = '', value = ''] =
    /^(.*?)((?:[:,]? (?:\w+ ){0,3}(?:%[a-z]|\$\w+))?)$/.exec(title) ?? [];
  const words = sentence
    .split(/%[a-z]|\$\{[^}]*\}|\$\w+/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+?');
  const ending = value === '' ? '' : '(?:[:,]? .+?)?';
  return new RegExp(`^${SEPARATORS}${words}${ending}(?=$|[,;.]|\\s(?:›|>|and\\s|\\())`);
}

/** Without what differs between Markdown, source and the way that quotes are typed. */
function plain(text: string): string {
  return text
    .replace(/\\(.)/g, '$1')
    .replace(/[`*_]/g, '')
    .replace(/[’‘]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s+/g, ' ')
    .trim();
}
