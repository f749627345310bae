/** Waits for the steps of a request: ends it when a step takes too long, and makes typed errors of what the platform throws. */

import { nodeFailed } from "./node-failed.ts";

export interface Patience {
  /** Aborts with the signal that was given, or when a step has taken too long. */
  readonly signal: AbortSignal;
  /**
   * Waits for one step of the platform, which has to end by the time that `performance.now()` is `deadline`.
   *
   * @throws {VlmError} `node-failed`, reason `timeout` or `network`; the reason of the signal that was given
   */
  until<T>(deadline: number, step: Promise<T>): Promise<T>;
  /** Ends the request, where it has not ended. */
  end(): void;
}

/** @param node the name of the node, for errors */
export function createPatience(node: string, given: AbortSignal): Patience {
  const controller = new AbortController();
  let isOver = false;
  return {
    signal: AbortSignal.any([given, controller.signal]),
    async until(deadline, step) {
      const giveUp = (): void => {
        isOver = true;
        controller.abort();
      };
      const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
      try {
        return await step;
      } catch (cause) {
        if (given.aborted) throw given.reason;
        // Browsers throw a `TypeError` for whatever happened on the way.
        throw nodeFailed(node, isOver ? "timeout" : "network", { cause });
      } finally {
        clearTimeout(timer);
      }
    },
    end: () => {
      controller.abort();
    },
  };
}
