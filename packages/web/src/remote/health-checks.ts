/** Checks nodes from time to time, while calls are made, and stops when none is made any more. */

import type { RemoteNode } from "./remote-node.ts";

/** After so many rounds without a call, checks stop until the next call. */
const IDLE_ROUNDS = 4;

export class HealthChecks {
  readonly #everyMs: number;
  readonly #nodes: () => readonly RemoteNode[];
  #timer: ReturnType<typeof setInterval> | undefined;
  #idleRounds = 0;

  /** @param everyMs 0 makes no checks */
  constructor(everyMs: number, nodes: () => readonly RemoteNode[]) {
    this.#everyMs = everyMs;
    this.#nodes = nodes;
  }

  /** A call is made. */
  noteCall(): void {
    this.#idleRounds = 0;
    if (this.#everyMs === 0 || this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#round();
    }, this.#everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Nodes that have answered a call in the meantime need no check. */
  #round(): void {
    this.#idleRounds += 1;
    if (this.#idleRounds > IDLE_ROUNDS) {
      this.stop();
      return;
    }
    const before = performance.now() - this.#everyMs;
    for (const node of this.#nodes()) if (node.contactedAt <= before) void node.check();
  }
}
