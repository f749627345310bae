/** Remembers since when something is worse than it could be, for `health()`. */

import type { Metric } from "../protocol/metric.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import type { VlmEvent } from "../protocol/result.ts";

/** Something that is worse than it could be. */
export interface Condition {
  /** In milliseconds since the epoch. */
  readonly since: number;
  /** What is wrong, in English. */
  readonly output: string;
}

export type ConditionName = "fallback" | "threads" | "decoder" | "storage" | "memory" | Device;

/** The last check of the device that was passed. */
export interface PassedCheck {
  readonly at: number;
  readonly seconds: number;
}

export class HealthLog {
  readonly #conditions = new Map<ConditionName, Condition>();
  /** undefined where no check was made in this session, because an earlier visit has made it. */
  selfCheck: PassedCheck | undefined;

  conditionOf(name: ConditionName): Condition | undefined {
    return this.#conditions.get(name);
  }

  /** It is well again. */
  clear(name: ConditionName): void {
    this.#conditions.delete(name);
  }

  noteMetric({ name, value, timestamp }: Metric): void {
    if (name !== "vlm.self_check.duration") return;
    this.selfCheck = { at: timestamp, seconds: value };
  }

  noteEvent(event: VlmEvent): void {
    switch (event.type) {
      case "device-fallback":
        this.#note("fallback", event.fallback.message);
        break;
      case "threads-fallback":
        this.#note("threads", event.message);
        break;
      case "rewrite-refused":
        this.#note("decoder", `The decoder runs in its form \`${event.runs}\`, which is slower.`);
        break;
      case "storage-degraded":
        this.#note("storage", event.reason);
        break;
      case "memory-pressure":
        this.#note("memory", "The page takes more memory than `maxMemoryBytes`.");
        break;
      case "circuit-changed":
        if (event.state === "closed") this.clear(event.device);
        else
          this.#note(
            event.device,
            `It failed repeatedly, at last with \`${String(event.reason)}\`.`,
          );
        break;
    }
  }

  /** What goes on keeps the time at which it began. */
  #note(name: ConditionName, output: string): void {
    const since = this.#conditions.get(name)?.since ?? Date.now();
    this.#conditions.set(name, { since, output });
  }
}
