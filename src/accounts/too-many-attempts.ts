/** Over a limit. The next attempt is allowed at `until`. */
export class TooManyAttempts extends Error {
  override name = 'TooManyAttempts';
  readonly until: Date;

  constructor(until: Date) {
    super(`Too many attempts; try again at ${until.toISOString()}.`);
    this.until = until;
  }
}
