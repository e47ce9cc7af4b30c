/** A field of a form that was sent; an empty text when it is missing or was sent more than once. */
export function textIn(body: Record<string, unknown>, field: string): string {
  const value = body[field];
  return typeof value === 'string' ? value : '';
}
