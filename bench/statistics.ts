/** The nearest-rank percentile, with `share` from 0 to 1. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('No values were measured.');
  return value;
}

export const median = (values: number[]): number => percentile(values, 0.5);
