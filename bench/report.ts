export const fixed = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A table in Markdown. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A row on whether a target was met. */
export function verdictOn(
  what: string,
  wanted: { atLeast: number } | { atMost: number },
  measured: number,
  unit = '',
): string[] {
  const isMet = 'atLeast' in wanted ? measured >= wanted.atLeast : measured <= wanted.atMost;
  const bound = 'atLeast' in wanted ? `at least ${wanted.atLeast}` : `at most ${wanted.atMost}`;
  return [what, `${bound}${unit}`, `${fixed(measured, 2)}${unit}`, isMet ? 'met' : '**missed**'];
}
