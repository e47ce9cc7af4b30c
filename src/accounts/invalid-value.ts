/** A value that an account or session cannot have. The message is a sentence that says what it must be. */
export class InvalidValue extends Error {
  override name = 'InvalidValue';
  /** Express answers with it, unless the host app handles the error. */
  readonly status = 422;
  /** Such as `email` or `role`. */
  readonly field: string;

  constructor(field: string, sentence: string) {
    super(sentence);
    this.field = field;
  }
}
