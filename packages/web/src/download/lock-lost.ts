/** Thrown when another tab took the download over; what is missing is to be looked at anew. */
export class LockLost extends Error {
  override readonly name = "LockLost";

  constructor() {
    super("Another tab took the download over.");
  }
}
