/** One model that serves: its supervisor, and the calls that are under way. */

import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { VlmResult } from "../protocol/result.ts";
import { runCall, type RunOptions } from "./run-call.ts";
import type { Ready, Supervisor } from "./supervisor.ts";

export class Serving {
  readonly model: ModelDescriptor;
  readonly supervisor: Supervisor;
  /** What the last call ran on. */
  latest: Ready;
  readonly #calls = new Set<Promise<unknown>>();

  /** @param ready of this supervisor */
  constructor(model: ModelDescriptor, supervisor: Supervisor, ready: Ready) {
    this.model = model;
    this.supervisor = supervisor;
    this.latest = ready;
  }

  async run(options: RunOptions): Promise<VlmResult> {
    const call = runCall(this.supervisor, options);
    this.#calls.add(call);
    try {
      const result = await call;
      this.latest = await this.supervisor.ready().catch(() => this.latest);
      return result;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Ends the worker when the calls under way have ended. */
  async retire(): Promise<void> {
    await Promise.allSettled(this.#calls);
    await this.supervisor.dispose(
      new DOMException("This model was replaced by another.", "InvalidStateError"),
    );
  }
}
