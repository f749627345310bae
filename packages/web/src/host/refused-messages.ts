/** Counts messages that the worker refused, and reports them as soon as there is a page to tell. */

/** Why a message was refused. */
export type RefusalReason = "form" | "method" | "arguments";

export class RefusedMessages {
  readonly #untold: RefusalReason[] = [];
  #tell: ((reason: RefusalReason) => void) | undefined;

  note(reason: RefusalReason): void {
    if (this.#tell) this.#tell(reason);
    // Before the page connects a few are enough to say that something is wrong.
    else if (this.#untold.length < MAX_UNTOLD) this.#untold.push(reason);
  }

  /** Reports earlier refusals now, and later ones when they happen. */
  reportTo(tell: (reason: RefusalReason) => void): void {
    this.#tell = tell;
    this.#untold.splice(0).forEach(tell);
  }
}

const MAX_UNTOLD = 100;
