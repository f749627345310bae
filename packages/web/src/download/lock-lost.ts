/** Thrown when another tab has taken over the download. The caller looks again for what is missing. */
export class LockLost extends Error {
  override readonly name = "LockLost";

  constructor() {
    super("Another tab took the download over.");
  }
}
