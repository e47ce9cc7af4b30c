import type { Context } from '../../auth/context.ts';
import type { FramedPage, Layout } from '../../auth/layout.ts';

/** Less than the deadline of a request, so that a page is shown in time. */
const LAYOUT_TIMEOUT_MS = 3_000;

/** A page in the layout of the host app. Null, and logged: the layout failed. */
export async function frame(
  { log }: Context,
  layout: Layout,
  page: FramedPage,
): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`The layout took longer than ${LAYOUT_TIMEOUT_MS} ms.`);
    timer = setTimeout(() => reject(error), LAYOUT_TIMEOUT_MS);
  });
  try {
    const html: unknown = await Promise.race([layout(page), late]);
    if (typeof html === 'string') return html;
    throw new Error(`The layout returned no string but ${html === null ? 'null' : typeof html}.`);
  } catch (error) {
    log.error({ err: error, title: page.title }, 'layout failed, using the default one');
    return null;
  } finally {
    clearTimeout(timer);
  }
}
