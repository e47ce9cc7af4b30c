/** Something was tried too often. It can be tried again at `until`. */
export class TooManyAttempts extends Error {
  override name = 'TooManyAttempts';
  readonly until: Date;

  constructor(until: Date) {
    super(`Too many attempts; open again at ${until.toISOString()}.`);
    this.until = until;
  }
}
