export interface Page {
  /** From 1 to `pages`. */
  page: number;
  pages: number;
  total: number;
}

const ROWS_PER_PAGE = 25;

/** The page that was asked for, and which rows are on it. A page too far is the last. */
export function pageWithin(total: number, wanted: number) {
  const pages = Math.max(1, Math.ceil(total / ROWS_PER_PAGE));
  const page = Math.min(Math.max(1, wanted), pages);
  const shown: Page = { page, pages, total };
  return { shown, limit: ROWS_PER_PAGE, offset: (page - 1) * ROWS_PER_PAGE };
}
