import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string) => readFile(pathOf(path), 'utf8');
const GUIDE = 'docs/embedding.md';

describe('The guide to embedding', () => {
  // `npx vitest -u` writes the tables again.
  it('has every option, as its comment explains it', async () => {
    const guide = await read(GUIDE);
    const [before, , after] = guide.split(
      /(?<=<!-- options -->\n)([\s\S]*)(?=<!-- end of options -->)/,
    );
    const tables = await tablesOfOptions();
    expect(tables).toContain('| `sessionMaxAge` | `SESSION_MAX_AGE` |');
    expect(tables).toContain('| `jobs` | |');
    await expect(`${before}${tables}${after}`).toMatchFileSnapshot(pathOf(GUIDE));
  });
});

/** Settings in the groups and the order of .env.example, then what a variable cannot hold. */
async function tablesOfOptions(): Promise<string> {
  const settings = commentsIn(await read('src/config/options.ts'));
  const others = commentsIn(bodyOf('LatchkeyOptions', await read('src/embedding.ts')));
  const tables: string[] = [];
  const [first = '', ...groups] = (await read('.env.example')).split(/^# --- /m);
  for (const group of [`Production ---${first}`, ...groups]) {
    const variables = [...group.matchAll(/^([A-Z\d_]+)=/gm)].map(([, name = '']) => name);
    const rows = variables.map((name) => row(optionOf(name), name, settings));
    tables.push(table(/^[^-]+/.exec(group)?.[0].trim() ?? '', rows));
  }
  const missing = [...settings.keys()].filter((name) => !tables.join().includes(`| \`${name}\` |`));
  if (missing.length > 0) throw new Error(`.env.example lacks ${missing}.`);
  tables.push(
    table(
      'Only as options',
      [...others.keys()].map((name) => row(name, null, others)),
    ),
  );
  return `\n${tables.join('\n')}\n`;
}

const optionOf = (variable: string) =>
  variable.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

const bodyOf = (name: string, source: string) =>
  new RegExp(String.raw`interface ${name}\b[\s\S]*?\n}`).exec(source)?.[0] ?? '';

/** The comment of each optional property. */
function commentsIn(source: string): Map<string, string> {
  const properties = source.matchAll(/^ {2}\/\*\*([\s\S]*?)\*\/\n {2}(\w+)\?:/gm);
  return new Map(
    [...properties].map(([, comment = '', name = '']) => [
      name,
      comment.replace(/\s*\n\s*\*\s/g, ' ').trim(),
    ]),
  );
}

function row(option: string, variable: string | null, comments: Map<string, string>): string {
  const comment = comments.get(option);
  if (!comment) throw new Error(`${option} has no comment.`);
  const meaning = comment.replaceAll('|', '\\|');
  return `| \`${option}\` | ${variable === null ? '' : `\`${variable}\` `}| ${meaning} |`;
}

const table = (title: string, rows: string[]) =>
  `### ${title}\n\n| option | variable | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
