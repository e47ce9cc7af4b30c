const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
const exact = format({ dateStyle: 'long', timeStyle: 'medium' });
const date = format({ dateStyle: 'long' });
const clock = format({ timeStyle: 'short' });

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS = [
  ['day', DAY_MS],
  ['hour', HOUR_MS],
  ['minute', MINUTE_MS],
] as const;

/** When a wait ends: "in 5 minutes", "in less than a minute". */
export function waitTime(until: Date, now: Date): string {
  const ms = until.getTime() - now.getTime();
  for (const [unit, size] of STEPS) {
    const amount = Math.round(ms / size);
    if (amount > 0) return relative.format(amount, unit);
  }
  return 'in less than a minute';
}

/** "5 minutes ago (13:57 UTC)", "yesterday 22:10 UTC", "14 November 2026, 09:12 UTC". Days are in UTC. */
export function relativeTime(instant: Date, now: Date): string {
  const time = clockTime(instant);
  const minutes = Math.floor((now.getTime() - instant.getTime()) / MINUTE_MS);
  // Another process's clock may be slightly ahead.
  if (minutes < 1) return `just now (${time})`;
  if (minutes < 60) return `${relative.format(-minutes, 'minute')} (${time})`;
  const days = dayOf(now) - dayOf(instant);
  if (days === 0) return `today ${time}`;
  if (days === 1) return `yesterday ${time}`;
  return `${date.format(instant)}, ${time}`;
}

const dayOf = (instant: Date): number => Math.floor(instant.getTime() / DAY_MS);

/** "21 November 2026 at 14:02:07 UTC". */
export const exactTime = (instant: Date): string => `${exact.format(instant)} UTC`;

export const clockTime = (instant: Date): string => `${clock.format(instant)} UTC`;
