import { describe, expect, it } from 'vitest';
import { nameShape, usableName } from '../../src/accounts/users.ts';

describe('a name', () => {
  it.each([
    ['a newline', 'Ada\nLovelace'],
    ['a right-to-left override', 'Ada \u202Eecalevol'],
    ['an isolate', 'Ada \u2066Lovelace\u2069'],
    ['a zero-width space', 'Ada\u200BLovelace'],
    ['a soft hyphen', 'Ada\u00ADLovelace'],
    ['a joiner between Latin letters', 'Ada\u200DLovelace'],
    ['a joiner at the end', 'Ada\u200D'],
    ['a line separator', 'Ada\u2028Lovelace'],
    ['a paragraph separator', 'Ada\u2029Lovelace'],
    ['tag characters', 'Ada\u{E0041}\u{E0042}'],
    ['nothing but a filler', '\u3164'],
    ['nothing but a Braille blank', '\u2800'],
    ['nothing but a combining mark', '\u0301'],
    ['nothing but variation selectors', '\uFE0F\uFE0F'],
  ])('is refused with %s, and cleaned when a provider sends it', (_what, name) => {
    expect(nameShape.safeParse(name).success).toBe(false);
    const fit = usableName(name, 'ada@example.org');
    expect(nameShape.safeParse(fit).success, fit).toBe(true);
  });

  it.each([
    'Ada Lovelace',
    'Zoë O’Brien-Łukasz',
    '李小龍',
    // Persian and Sinhala are spelled with joiners.
    'علی\u200Cرضا',
    'ශ්\u200Dරී',
    '👩🏽\u200D💻 Ada',
    '❤️\u200D🔥',
    '7',
  ])('may be %s, even from a provider', (name) => {
    expect(nameShape.parse(name)).toBe(name);
    expect(usableName(name, 'ada@example.org')).toBe(name);
  });

  it('from a provider is cut at a character boundary', () => {
    expect(usableName(`${'n'.repeat(99)}😀`, 'ada@example.org')).toBe('n'.repeat(99));
    const email = `${'a'.repeat(120)}@example.org`;
    expect(usableName('\u200B', email)).toBe(email.slice(0, 100));
  });
});
