import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>';
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('the settings of the look', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-site-'));
    await mkdir(join(folder, 'directory'));
    const files: Record<string, string | Buffer> = {
      'plain.txt': SVG,
      'prolog.svg': `\uFEFF<?xml version="1.0"?>\n<!-- a -->\n<?x-y z?><!DOCTYPE svg PUBLIC "a" "b" [ <!ENTITY c "d"> ]>\n${SVG}`,
      'logo.png': PNG,
      'page.svg': '<html><svg></svg></html>',
      'gif.png': 'GIF89a',
      'large.svg': SVG + ' '.repeat(200_000),
      'site.css': 'body {}',
      'binary.css': Buffer.from([0x62, 0xff, 0xfe]),
    };
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), content);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  function errorOf(variables: Record<string, string>): string {
    try {
      readConfig(variables);
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return '';
  }

  it('tell the type of a logo by its content', () => {
    const typeOf = (name: string) => readConfig({ SITE_LOGO: join(folder, name) }).site.logo?.type;
    expect(typeOf('plain.txt')).toBe('svg');
    expect(typeOf('prolog.svg')).toBe('svg');
    expect(typeOf('logo.png')).toBe('png');
  });

  it.each([
    ['SITE_LOGO', 'none.svg', 'a file that can be read (ENOENT)'],
    ['SITE_LOGO', 'directory', 'not a file'],
    ['SITE_LOGO', 'page.svg', 'an SVG or PNG file'],
    ['SITE_LOGO', 'gif.png', 'an SVG or PNG file'],
    ['SITE_LOGO', 'large.svg', 'at most 200 kB'],
    ['SITE_STYLESHEET', 'none.css', 'a file that can be read (ENOENT)'],
    ['SITE_STYLESHEET', 'binary.css', 'a CSS file in UTF-8'],
    ['VIEWS_DIR', 'none', 'a directory that exists'],
    ['VIEWS_DIR', 'site.css', 'a directory that exists'],
  ])('say what is wrong with %s=%s', (name, file, hint) => {
    const message = errorOf({ [name]: join(folder, file) });
    expect(message).toMatch(new RegExp(`^  ${name} must be`, 'm'));
    expect(message).toContain(hint);
  });

  it.each([
    'two\nlines',
    'Evil\r\nBcc: all@example.org',
    'right to \u202Eleft',
    'zero\u200Bwidth',
    'line\u2028separator',
    'x'.repeat(61),
  ])('refuse the name %j', (SITE_NAME) => {
    expect(errorOf({ SITE_NAME })).toContain('SITE_NAME must be 1 to 60 visible characters');
  });

  it('accept a name in any script, and count characters, not bytes', () => {
    for (const name of ['Müller & Söhne', '日本語', '🔑'.repeat(60)]) {
      expect(readConfig({ SITE_NAME: ` ${name} ` }).site.name).toBe(name);
    }
  });

  it('refuse anything but a colour, all wrong settings at once', () => {
    const message = errorOf({
      SITE_ACCENT: 'rebeccapurple',
      SITE_NAME: '\u0007',
      SITE_LOGO: '/none',
    });
    expect(message).toContain(
      'SITE_ACCENT must be a colour of 3 or 6 hexadecimal digits, such as #',
    );
    expect(message.match(/^ {2}SITE_/gm)).toHaveLength(3);
  });

  it('name the sender of emails after the site, unless the setting names it', () => {
    const senderOf = (EMAIL_FROM: string) => {
      const env = { SITE_NAME: 'Notes', SMTP_URL: 'smtp://localhost', EMAIL_FROM };
      const { email } = readConfig(env);
      return email.to === 'server' ? email.from : null;
    };
    expect(senderOf('notes@example.org')).toEqual({ name: 'Notes', address: 'notes@example.org' });
    expect(senderOf('Team <notes@example.org>')).toBe('Team <notes@example.org>');
  });
});
