export interface Page {
  page: number;
  pages: number;
  total: number;
}

export const ROWS_PER_PAGE = 25;
const ROWS_PER_BATCH = 500;

/** The requested page and its rows. A page past the end is the last. */
export function pageWithin(total: number, wanted: number) {
  const pages = Math.max(1, Math.ceil(total / ROWS_PER_PAGE));
  const page = Math.min(Math.max(1, wanted), pages);
  const shown: Page = { page, pages, total };
  return { shown, limit: ROWS_PER_PAGE, offset: (page - 1) * ROWS_PER_PAGE };
}

/** Fetches each batch on demand: memory stays bounded, and a slow client holds no connection. */
export async function* inBatches<Row>(
  fetch: (last: Row | null, limit: number) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let last: Row | null = null;
  for (;;) {
    const rows: Row[] = await fetch(last, ROWS_PER_BATCH);
    yield rows;
    last = rows.at(-1) ?? null;
    if (rows.length < ROWS_PER_BATCH) return;
  }
}
