import { nearestName } from './typos.ts';
import { choicesOf, environment } from './variables.ts';

export type VariableName = keyof typeof environment.shape;

/** `SESSION_MAX_AGE` → `sessionMaxAge`. */
export type OptionName<Variable extends string> = Variable extends `${infer Word}_${infer Rest}`
  ? `${Lowercase<Word>}${Capitalize<OptionName<Rest>>}`
  : Lowercase<Variable>;

type Problem = [name: string, hint: string];

const optionNameOf = (variable: string) =>
  variable.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

const VARIABLES = new Map(
  Object.keys(environment.shape).map((variable) => [optionNameOf(variable), variable]),
);

/** Options that no variable can hold, by name: which values they accept, and a hint for others. */
export type OtherOptions = ReadonlyMap<
  string,
  [accepts: (value: unknown) => boolean, hint: string]
>;

/** The given options as values of their variables, and the problems with their names and types. */
export function variablesOf(options: object, others: OtherOptions) {
  const variables: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(options)) {
    const variable = VARIABLES.get(name);
    const other = others.get(name);
    if (!variable && !other) problems.push(unknownOption(name, [...others.keys()]));
    if (value === undefined) continue;
    const text = textOf(value);
    if (other && !other[0](value)) problems.push([name, other[1]]);
    if (variable && text === null) {
      problems.push([name, hintFor(variable, value)]);
    }
    if (variable && text !== null) variables[variable] = text;
  }
  return { variables, problems };
}

/** Of a value that no variable can hold: what its variable accepts, if that is not any text. */
function hintFor(variable: string, value: unknown): string {
  const { error } = environment.safeParse({ [variable]: typeof value }, { error: choicesOf });
  return error?.issues[0]?.message ?? 'must be a string, a number or a list of them';
}

/** Replaces the names of variables that were given as options by the options' names. */
export function nameAsGiven(text: string, options: object): string {
  return text.replace(/\b[A-Z][A-Z\d_]+\b/g, (variable) => {
    const name = optionNameOf(variable);
    const isGiven = VARIABLES.get(name) === variable && Reflect.get(options, name) !== undefined;
    return isGiven ? name : variable;
  });
}

function unknownOption(name: string, otherNames: readonly string[]): Problem {
  const written = name.includes('_') ? optionNameOf(name) : name;
  const meant = nearestName(written, [...VARIABLES.keys(), ...otherNames]);
  return [name, meant ? `is not an option. Did you mean ${meant}?` : 'is not an option'];
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (!Array.isArray(value)) return null;
  const texts = value.map((each) => (Array.isArray(each) ? null : textOf(each)));
  // Else one element could become two.
  return texts.some((text) => text === null || text.includes(',')) ? null : texts.join(',');
}
