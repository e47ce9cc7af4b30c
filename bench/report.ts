export const formatNumber = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A table in Markdown. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A row that says whether a target was met. */
export function targetRow(
  what: string,
  wanted: { atLeast: number } | { atMost: number },
  measured: number,
  unit = '',
): string[] {
  const isMet = 'atLeast' in wanted ? measured >= wanted.atLeast : measured <= wanted.atMost;
  const bound = 'atLeast' in wanted ? `at least ${wanted.atLeast}` : `at most ${wanted.atMost}`;
  return [
    what,
    `${bound}${unit}`,
    `${formatNumber(measured, 2)}${unit}`,
    isMet ? 'met' : '**missed**',
  ];
}
