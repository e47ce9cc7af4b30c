import { compareViews } from '../branding/views.ts';
import { environment } from './variables.ts';

const SETTINGS = Object.keys(environment.shape);
/** HOST and PORT are too close to variables of other programs, such as CHOST. */
const LONG_SETTINGS = SETTINGS.filter((setting) => setting.length >= 6);
/** With three, SESSION_MANAGER, which desktops set, would match SESSION_MAX_AGE. */
const MAX_EDITS = 2;

/** A sentence for each variable that looks like a mistyped setting, without its value. */
export function warnOfTypos(variables: Record<string, string | undefined>): string[] {
  return Object.keys(variables)
    .filter((name) => variables[name] && !SETTINGS.includes(name))
    .flatMap((name) => {
      const setting = nearestName(name, LONG_SETTINGS);
      if (!setting) return [];
      return [`${name} is not a setting and has no effect. Did you mean ${setting}?`];
    });
}

/** A sentence for each template in VIEWS_DIR that nothing uses. */
export function warnOfUnusedViews(viewsDir: string | null): string[] {
  if (viewsDir === null) return [];
  const { known, unused } = compareViews(viewsDir);
  return unused.map((name) => {
    const base = name.split('/').at(-1);
    const meant = nearestName(name, known) ?? known.find((each) => each.split('/').at(-1) === base);
    const hint = meant ? ` Did you mean ${meant}.ejs?` : '';
    return `${name}.ejs in VIEWS_DIR replaces no template and has no effect.${hint}`;
  });
}

/** The one of `names` that `name` was probably meant to be, in upper or lower case. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  return names
    .map((each) => ({ each, edits: countEdits(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, edits }) => edits <= MAX_EDITS && 2 * edits < each.length)
    .sort((one, other) => one.edits - other.edits)[0]?.each;
}

/** Letters to insert, delete or replace (Levenshtein distance). */
function countEdits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [position, wanted] of [...other].entries()) {
      const replaced = (row[position] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[position + 1] ?? 0) + 1, (next[position] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
