import { vi } from 'vitest';
import type { Browser } from '../browser.ts';
import { SESSION_COOKIE } from '../browser.ts';

/** A page that arrives bit by bit, opened with the session of a browser. */
export async function openStream(
  { origin }: { origin: string },
  browser: Browser,
  path = '/board',
) {
  const leaving = new AbortController();
  const response = await fetch(`${origin}${path}`, {
    headers: { Cookie: `${SESSION_COOKIE}=${browser.token()}` },
    redirect: 'manual',
    signal: leaving.signal,
  });
  if (response.status !== 200 || !response.body) throw new Error(`It answers ${response.status}.`);
  let text = '';
  let hasEnded = false;
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    hasEnded = true;
  })();
  // Leaving ends it with an error.
  reading.catch(() => undefined);
  return {
    text: () => text,
    waitFor: (part: string) =>
      vi.waitFor(
        () => {
          if (!text.includes(part)) throw new Error(`Not there yet: ${part}`);
        },
        { timeout: 10_000 },
      ),
    hasEnded: () => hasEnded,
    waitForEnd: () => reading,
    close: () => leaving.abort(),
  };
}
