import { contrastOf, fromOklch, parseColor, type Rgb, toHex, toOklch } from './color.ts';

/** The colours made from one accent, for one colour scheme, as `#1b5e4e`. */
export interface Shades {
  /** Links, primary buttons, the focus ring. */
  accent: string;
  /** The same under the pointer, and text on `wash`. */
  strong: string;
  /** Backgrounds of messages and badges. */
  wash: string;
  /** Text on `accent` and `strong`. */
  on: string;
}

export interface Accent {
  light: Shades;
  dark: Shades;
}

/** Latchkey's own green. The same colours as in public/latchkey.css. */
export const DEFAULT_ACCENT: Accent = {
  light: { accent: '#1b5e4e', strong: '#134538', wash: '#e3efe9', on: '#ffffff' },
  dark: { accent: '#7cc7b0', strong: '#9ddcc8', wash: '#1d3a32', on: '#0c231c' },
};

/** What accents appear on: the page, and cards. The same colours as in public/latchkey.css. */
export const BACKGROUNDS = {
  light: { page: '#f6f5f1', surface: '#ffffff' },
  dark: { page: '#121715', surface: '#1b2220' },
};

/** For text (WCAG 2.2, 1.4.3). The focus ring and borders need 3 (1.4.11). */
export const TEXT_CONTRAST = 4.5;

/** Scheme by scheme: how light the wash and the text on the accent are, and how colourful at most. */
const SCHEMES = {
  light: { wash: { lightness: 0.94, chroma: 0.03 }, on: { lightness: 1, chroma: 0 }, step: -0.005 },
  dark: {
    wash: { lightness: 0.32, chroma: 0.045 },
    on: { lightness: 0.2, chroma: 0.03 },
    step: 0.005,
  },
};
/** How far the stronger shade is from the accent. */
const STRONGER = 0.08;

/**
 * The shades of a colour: its hue, and the nearest lightness at which text is readable on all backgrounds.
 * There always is one, as black and white are. Null: not a colour such as `#1b5e4e`.
 */
export function deriveAccent(color: string): Accent | null {
  const given = parseColor(color);
  if (given === null) return null;
  return { light: shadesOf(given, 'light'), dark: shadesOf(given, 'dark') };
}

function shadesOf(given: Rgb, scheme: 'light' | 'dark'): Shades {
  const { lightness, chroma, hue } = toOklch(given);
  const { wash, on, step } = SCHEMES[scheme];
  const tint = (of: { lightness: number; chroma: number }): Rgb =>
    fromOklch({ lightness: of.lightness, chroma: Math.min(chroma, of.chroma), hue });
  const [washColor, onColor] = [tint(wash), tint(on)];
  const others = [...Object.values(BACKGROUNDS[scheme]).map(toRgb), washColor, onColor];
  const isReadable = (each: Rgb) =>
    others.every((other) => contrastOf(each, other) >= TEXT_CONTRAST);

  let accent = given;
  let found = lightness;
  while (!isReadable(accent)) {
    found += step;
    accent = fromOklch({ lightness: found, chroma, hue });
  }
  return {
    accent: toHex(accent),
    strong: toHex(fromOklch({ lightness: strongerThan(found, step), chroma, hue })),
    wash: toHex(washColor),
    on: toHex(onColor),
  };
}

/** A colour near black or white cannot get stronger, so it gets weaker. */
function strongerThan(lightness: number, step: number): number {
  const stronger = lightness + Math.sign(step) * STRONGER;
  return stronger > 0.05 && stronger < 0.98 ? stronger : lightness - 2 * Math.sign(step) * STRONGER;
}

const toRgb = (color: string): Rgb => parseColor(color) ?? [0, 0, 0];
