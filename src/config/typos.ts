import { environment } from './variables.ts';

const SETTINGS = Object.keys(environment.shape);
/** HOST and PORT are too near to variables of other programs, such as CHOST. */
const SHORTEST = 6;
/** Three would take SESSION_MANAGER, which desktops set, for SESSION_MAX_AGE. */
const MOST_EDITS = 2;

/** A sentence for each variable that is no setting and looks like a mistyped one. Never its value. */
export function warnOfTypos(variables: Record<string, string | undefined>): string[] {
  return Object.keys(variables)
    .filter((name) => variables[name] && !SETTINGS.includes(name))
    .flatMap((name) => {
      const meant = nearestSetting(name.toUpperCase());
      if (!meant) return [];
      return [`${name} is not a setting and has no effect. Did you mean ${meant}?`];
    });
}

function nearestSetting(name: string): string | undefined {
  return SETTINGS.filter((setting) => setting.length >= SHORTEST)
    .map((setting) => ({ setting, edits: countEdits(name, setting) }))
    .filter(({ edits }) => edits <= MOST_EDITS)
    .sort((one, other) => one.edits - other.edits)[0]?.setting;
}

/** Letters to insert, delete or replace (Levenshtein's distance). */
function countEdits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, message] of [...one].entries()) {
    const next = [index + 1];
    for (const [position, wanted] of [...other].entries()) {
      const replaced = (row[position] ?? 0) + (message === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[position + 1] ?? 0) + 1, (next[position] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
