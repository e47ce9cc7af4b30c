import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Accent,
  BACKGROUNDS,
  DEFAULT_ACCENT,
  deriveAccent,
  type Shades,
} from '../../src/branding/accent.ts';
import { contrastOf, parseColor, type Rgb, toHex, toOklch } from '../../src/branding/color.ts';

const SCHEMES = ['light', 'dark'] as const;
const TEXT = 4.5;
const GRAPHICS = 3;

const rgb = (color: string): Rgb => parseColor(color) ?? [NaN, NaN, NaN];
const contrast = (one: string, other: string) => contrastOf(rgb(one), rgb(other));
const part = fc.integer({ min: 0, max: 255 });
const colors = fc.tuple(part, part, part).map(toHex);

describe('the shades of an accent', () => {
  const derived = (color: string): Accent => {
    const accent = deriveAccent(color);
    if (!accent) throw new Error(`${color} was refused.`);
    return accent;
  };

  it('keep a colour that is readable, and change others as little as needed', () => {
    expect(derived('#05f').light.accent).toBe('#0055ff');
    expect(derived('#ffeb3b').dark.accent).toBe('#ffeb3b');
    expect(contrast(derived('#ffeb3b').light.accent, BACKGROUNDS.light.page)).toBeLessThan(5.5);
    expect(contrast(derived('#003').dark.accent, BACKGROUNDS.dark.surface)).toBeLessThan(6.5);
  });

  it('keep the hue of every colour', () => {
    fc.assert(
      fc.property(colors, (color) => {
        const given = toOklch(rgb(color));
        for (const scheme of SCHEMES) {
          const found = toOklch(rgb(derived(color)[scheme].accent));
          // Greys have no hue to lose.
          if (Math.min(given.chroma, found.chroma) < 0.04) continue;
          const turned = Math.abs(given.hue - found.hue);
          expect(Math.min(turned, 2 * Math.PI - turned)).toBeLessThan(0.06);
        }
      }),
    );
  });

  it('are refused for anything but a colour of 3 or 6 digits', () => {
    for (const text of ['', 'green', '#12345', '#12345678', '1b5e4e', '#1b5e4e;}', 'url(x)']) {
      expect(deriveAccent(text), text).toBeNull();
    }
  });

  it('are those of the style sheet by default', async () => {
    const { light, dark } = await paletteOf();
    for (const [scheme, palette] of [
      ['light', light],
      ['dark', dark],
    ] as const) {
      expect(shadesIn(palette)).toEqual(DEFAULT_ACCENT[scheme]);
      expect(BACKGROUNDS[scheme]).toEqual({ page: palette.page, surface: palette.surface });
    }
  });

  it('make every use in the style sheet readable (WCAG AA), in light and dark', async () => {
    const [palette, uses] = [await paletteOf(), await usesOfAccents()];
    expect(uses.map(({ ink, paper }) => `${ink} on ${paper}`)).toEqual(
      expect.arrayContaining([
        'accent on page',
        'on-accent on accent',
        'accent-strong on accent-wash',
      ]),
    );
    const check = (accent: Accent) => {
      for (const scheme of SCHEMES) {
        const all = { ...palette[scheme], ...variablesOf(accent[scheme]) };
        for (const { rule, ink, paper, least } of uses) {
          const found = contrast(all[ink] ?? '', all[paper] ?? '');
          expect(found, `${scheme} ${rule}: ${ink} on ${paper}`).toBeGreaterThanOrEqual(least);
        }
      }
    };
    check(DEFAULT_ACCENT);
    fc.assert(
      fc.property(colors, (color) => check(derived(color))),
      {
        examples: ['#000000', '#ffffff', '#808080', '#ffff00', '#0000ff', '#00ff00'].map((each) => [
          each,
        ]),
        numRuns: 300,
      },
    );
  });
});

type Palette = Record<string, string>;

const variablesOf = ({ accent, strong, wash, on }: Shades): Palette => ({
  accent,
  'accent-strong': strong,
  'accent-wash': wash,
  'on-accent': on,
});

const shadesIn = (palette: Palette) => ({
  accent: palette.accent,
  strong: palette['accent-strong'],
  wash: palette['accent-wash'],
  on: palette['on-accent'],
});

const styleSheet = () => readFile(new URL('../../public/latchkey.css', import.meta.url), 'utf8');

/** The colours of both schemes. Light ones are written twice: for browsers without `light-dark()`, too. */
async function paletteOf(): Promise<{ light: Palette; dark: Palette }> {
  const css = await styleSheet();
  const plain = [...css.matchAll(/--([\w-]+): (#[\da-f]{6});/g)];
  const both = [...css.matchAll(/--([\w-]+): light-dark\((#[\da-f]{6}), (#[\da-f]{6})\);/g)];
  const light = Object.fromEntries(both.map(([, name = '', value = '']) => [name, value]));
  expect(Object.fromEntries(plain.map(([, name = '', value = '']) => [name, value]))).toEqual(
    light,
  );
  return {
    light,
    dark: Object.fromEntries(both.map(([, name = '', , value = '']) => [name, value])),
  };
}

/** What each rule puts on what. A rule without a background can be anywhere. */
async function usesOfAccents() {
  const css = (await styleSheet()).replace(/\/\*.*?\*\//gs, '');
  return [...css.matchAll(/([^{};]+)\{([^{}]*)\}/g)].flatMap(([, selector = '', body = '']) => {
    const rule = selector.trim().replace(/\s+/g, ' ');
    const colorsIn = (property: string) =>
      [...body.matchAll(new RegExp(`(?:^|[\\s;])${property}:[^;]*var\\(--([\\w-]+)\\)`, 'g'))]
        .map(([, name = '']) => name)
        .filter((name) => !/^(space|radius|width|font)$/.test(name));
    const papers = colorsIn('background');
    const anywhere = ['page', 'surface', 'accent-wash'];
    const isAccent = (name: string) => name.includes('accent');
    const texts = colorsIn('color').filter((name) => isAccent(name) || papers.some(isAccent));
    const lines = [...colorsIn('outline'), ...colorsIn('stroke'), ...colorsIn('border-color')];
    return [
      ...texts.flatMap((ink) =>
        (papers.length > 0 ? papers : anywhere).map((paper) => ({ rule, ink, paper, least: TEXT })),
      ),
      ...lines
        .filter(isAccent)
        .flatMap((ink) =>
          ['page', 'surface'].map((paper) => ({ rule, ink, paper, least: GRAPHICS })),
        ),
      // The text of a message is that of the page.
      ...papers
        .filter((paper) => paper === 'accent-wash' && texts.length === 0)
        .map((paper) => ({ rule, ink: 'text', paper, least: TEXT })),
    ];
  });
}
