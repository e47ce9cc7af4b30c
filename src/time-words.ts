const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'medium',
  timeZone: 'UTC',
});
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' });
const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** "5 minutes ago", "in 7 days", "just now". */
export function relativeTime(instant: Date, now: Date): string {
  const ms = instant.getTime() - now.getTime();
  for (const [unit, size] of STEPS) {
    const amount = Math.round(ms / size);
    if (amount !== 0) return relative.format(amount, unit);
  }
  return ms > 0 ? 'in less than a minute' : 'just now';
}

/** "21 November 2026 at 14:02:07 UTC". */
export const exactTime = (instant: Date): string => `${exact.format(instant)} UTC`;

/** "14:02 UTC". */
export const clockTime = (instant: Date): string => `${clock.format(instant)} UTC`;
