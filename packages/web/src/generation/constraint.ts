/** What holds an answer to a form, token by token. */

export interface AnswerConstraint {
  /** Whether the answer may end here. */
  readonly isComplete: boolean;
  /** Whether nothing may follow. */
  readonly isClosed: boolean;
  /**
   * Whether the answer may go on with this token, and can still be completed after it.
   *
   * @param room the number of tokens that may follow it
   */
  allows(id: number, room: number): boolean;
  /** Goes on with a token that is allowed. */
  accept(id: number): void;
}
